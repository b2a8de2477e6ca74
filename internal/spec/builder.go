package spec

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Builder makes a Container of values that come one by one: from parameters
// of a module and from flags in args. Every value, wherever it comes from, is
// checked and made canonical as its flag of docker run says, so that the same
// container has the same Hash however it is written. Lists and maps merge in
// the order of the calls; a contradiction, or a scalar given twice, is an
// error. An error names what the user wrote: the parameter, or the flag.
//
// The zero Builder is ready. After an error it is of no use.
type Builder struct {
	c       Container
	given   map[string]spelling // by the flag's long name
	prefix  []string            // the entrypoint's own arguments, which precede the command
	hasArgs bool
}

// spelling is how something was first given, "-p" or "published_ports".
type spelling struct {
	text      string
	parameter bool
}

// commandKey is where Builder.given keeps the command, which is no flag.
const commandKey = "--"

// Set gives flag, by its long name, the value of parameter; a boolean's is
// "true" or "false". A list or map is set by one call for each of its entries.
func (b *Builder) Set(parameter, flag, value string) error {
	if err := sound(parameter, value); err != nil {
		return err
	}
	return b.parameter(parameter, parameter, flag, value, func(f dockerFlag) error { return b.value(f, value, "; leave it out, in a template by | default(omit)") })
}

// value sets f, after a look whether it is empty, for which there is advice.
func (b *Builder) value(f dockerFlag, value, advice string) error {
	if value == "" && !f.empty {
		return errors.New("empty" + advice)
	}
	return f.set(&b.c, value)
}

// SetPairs is Set for one entry of a list of dictionaries, such as mounts.
// Keys are those of the parameter, not of the flag; one that is a list is
// given once for each of its entries, one that is a dictionary as key=value.
func (b *Builder) SetPairs(parameter string, index int, flag string, pairs []Pair) error {
	item := fmt.Sprintf("%s[%d]", parameter, index)
	for _, p := range pairs {
		if err := sound(item, p.Key, p.Value); err != nil {
			return err
		}
	}
	return b.parameter(parameter, item, flag, "", func(f dockerFlag) error { return f.assemble(&b.c, pairs) })
}

func (b *Builder) parameter(parameter, item, flag, value string, set func(dockerFlag) error) error {
	f, err := findFlag("--" + flag)
	if err != nil {
		return fmt.Errorf("%s: %w", item, err)
	}
	if old, ok := b.given[flag]; ok && !f.repeats {
		return fmt.Errorf("%s is given twice: by %s as well", parameter, old.text)
	}
	b.note(flag, spelling{parameter, true})
	if err := set(f); err != nil {
		where := item
		if f.assemble == nil {
			where = strings.TrimSuffix(f.show(item+":", value), ":")
		}
		return b.explain(where, f, err)
	}
	return nil
}

// explain says of f's err what is allowed, where err does not say it itself.
func (b *Builder) explain(where string, f dockerFlag, err error) error {
	var twice *contradiction
	if errors.As(err, &twice) {
		if other := b.given[f.long]; !strings.HasPrefix(where, other.text) {
			return fmt.Errorf("%s: %w, by %s as well", where, err, other.text)
		}
	}
	var explained *partError
	if errors.As(err, &explained) {
		return fmt.Errorf("%s: %w", where, err)
	}
	return fmt.Errorf("%s: %w; allowed: %s", where, err, f.allowed)
}

func (b *Builder) note(key string, s spelling) {
	if b.given == nil {
		b.given = map[string]spelling{}
	}
	if _, ok := b.given[key]; !ok {
		b.given[key] = s
	}
}

// sound refuses what no environment, command line or file name can hold.
func sound(parameter string, values ...string) error {
	for _, v := range values {
		if strings.ContainsRune(v, 0) {
			return fmt.Errorf("%s: holds a NUL character", parameter)
		}
	}
	return nil
}

// SetCommand sets the container's command, which args hold after --.
func (b *Builder) SetCommand(parameter string, words []string) error {
	if old, ok := b.given[commandKey]; ok {
		return fmt.Errorf("%s is given twice: by %s as well", parameter, old.text)
	}
	if err := sound(parameter, words...); err != nil {
		return err
	}
	b.note(commandKey, spelling{parameter, true})
	b.c.Command = append(b.c.Command, words...)
	return nil
}

// SetEntrypoint replaces the image's ENTRYPOINT; no words remove it. Words
// after the first are to Docker the same as the first of the command, and to
// the spec hash as well.
func (b *Builder) SetEntrypoint(parameter string, words []string) error {
	if err := sound(parameter, words...); err != nil {
		return err
	}
	first := ""
	if len(words) > 0 {
		first, b.prefix = words[0], words[1:]
	}
	return b.Set(parameter, "entrypoint", first)
}

// SetHealthTest sets the health check as HEALTHCHECK's JSON form writes it:
// CMD and the words of a command that is run without a shell, which no flag
// can say; CMD-SHELL and a command for a shell; or NONE.
func (b *Builder) SetHealthTest(parameter string, words []string) error {
	bad := func(why string) error {
		return fmt.Errorf("%s: %s: %s; allowed: a command for a shell, or a list: CMD and the words of a command, CMD-SHELL and a command for a shell, or NONE",
			parameter, quote(strings.Join(words, " ")), why)
	}
	switch {
	case len(words) == 1 && words[0] == "NONE":
		return b.Set(parameter, "no-healthcheck", "true")
	case len(words) > 0 && words[0] == "CMD-SHELL":
		if len(words) != 2 {
			return bad("CMD-SHELL takes one command")
		}
		return b.Set(parameter, "health-cmd", words[1])
	case len(words) == 0 || words[0] != "CMD":
		return bad("not such a list")
	case len(words) < 2 || strings.TrimSpace(words[1]) == "":
		return bad("CMD takes the words of a command")
	}
	if err := sound(parameter, words...); err != nil {
		return err
	}
	return b.parameter(parameter, parameter, "health-cmd", "", func(dockerFlag) error {
		health(&b.c).Exec = slices.Clone(words[1:])
		return nil
	})
}

// Container returns the container, without its image, after a look at what
// excludes each other.
func (b *Builder) Container() (Container, error) {
	c := b.c
	c.Command = append(slices.Clone(b.prefix), c.Command...)
	if len(c.Command) == 0 {
		c.Command = nil
	}
	if c.Network == "bridge" {
		c.Network = ""
	}
	if c.Healthcheck != nil && c.Healthcheck.zero() {
		c.Healthcheck = nil
	}
	if c.Endpoint != nil && c.Endpoint.zero() {
		c.Endpoint = nil
	}
	if err := checkTogether(c, b.named); err != nil {
		if b.onlyArgs() {
			err = fmt.Errorf("args: %w", err)
		}
		return Container{}, err
	}
	return c, nil
}

// named is how the user gave flag.
func (b *Builder) named(flag string) string {
	if s, ok := b.given[flag]; ok {
		return s.text
	}
	return "--" + flag
}

func (b *Builder) onlyArgs() bool {
	for _, s := range b.given {
		if s.parameter {
			return false
		}
	}
	return b.hasArgs
}
