package spec

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kballard/go-shellquote"
)

// ParseArgs reads the parameter args: flags of `docker run` in one string,
// split into words as a POSIX shell does, then optionally `--` and the
// container's command:
//
//	ParseArgs(`-e A=b -p $PRIVATE_IP:80:80 -- serve --quick`)
//
// Nothing is expanded while splitting, in whatever quotes it stands; see
// Expand. Every value is checked and put into one canonical form, so that two
// spellings of the same container have the same Hash; lists keep their order.
// An exact repetition of a list entry counts once; a contradiction, or a
// scalar given twice, is an error. Errors name the flag, the value and what is
// allowed, but never the value of an environment variable.
//
// The flags are in args_flags.go, those refused in args_refused.go; both are
// listed in docs/args.md.
func ParseArgs(args string) (Container, error) {
	var b Builder
	if err := b.Args(args); err != nil {
		return Container{}, err
	}
	return b.Container()
}

// parse adds the flags and the command in args. The error is of all that does
// not fit, since a whole docker run may have been pasted.
func (b *Builder) parse(args string) error {
	words, err := splitWords(args)
	if err != nil {
		return err
	}
	b.hasArgs = true
	var wrong problems
	if n := dockerRun(words); n > 0 {
		wrong.add(fmt.Errorf("%s: args holds its flags alone", strings.Join(words[:n], " ")))
		words = words[n:]
	}
	given := map[string]bool{}
	var last dockerFlag
	for len(words) > 0 {
		if words[0] == "--" {
			wrong.add(b.rest(words[1:]))
			break
		}
		if !isFlag(words[0]) {
			wrong.add(unexpectedWord(words[0], last))
			break // what follows is a command, which may hold anything
		}
		if r, written, rest, ok := nextRefusal(words); ok {
			wrong.refuse(written, r.reason)
			words, last = rest, dockerFlag{}
			continue
		}
		f, written, value, rest, err := nextFlag(words)
		if err == nil {
			err = b.flag(f, written, value, given)
		}
		wrong.add(err)
		words, last = rest, f
	}
	return wrong.err()
}

// flag adds one flag; given are those that args had before.
func (b *Builder) flag(f dockerFlag, written, value string, given map[string]bool) error {
	if old, ok := b.given[f.long]; ok && !f.repeats && !given[f.long] {
		return fmt.Errorf("%s is given twice: by the parameter %s as well", written, old.text)
	} else if ok && !f.repeats {
		return fmt.Errorf("%s is given twice", written)
	}
	given[f.long] = true
	b.note(f.long, spelling{written, false})
	if err := b.value(f, value, "; leave it out"); err != nil {
		return b.explain(f.show(written, value), f, err)
	}
	return nil
}

// problems are what is wrong with args, each once; flags that are refused for
// one reason are told together.
type problems struct {
	texts   []string
	reasons []string            // in the order in which they came up
	refused map[string][]string // flags by reason
}

func (p *problems) add(err error) {
	if err != nil && !slices.Contains(p.texts, err.Error()) {
		p.texts = append(p.texts, err.Error())
	}
}

func (p *problems) refuse(flag, reason string) {
	if p.refused == nil {
		p.refused = map[string][]string{}
	}
	if p.refused[reason] == nil {
		p.reasons = append(p.reasons, reason)
	}
	if !slices.Contains(p.refused[reason], flag) {
		p.refused[reason] = append(p.refused[reason], flag)
	}
}

func (p *problems) err() error {
	var all []string
	for _, reason := range p.reasons {
		verb := " is not taken: "
		if len(p.refused[reason]) > 1 {
			verb = " are not taken: "
		}
		all = append(all, strings.Join(p.refused[reason], ", ")+verb+reason)
	}
	if all = append(all, p.texts...); all == nil {
		return nil
	}
	return errors.New(strings.Join(all, "; "))
}

// dockerRun is how many words at the beginning are the docker command itself.
func dockerRun(words []string) int {
	for _, command := range []string{"docker run", "docker container run", "sudo docker run", "podman run"} {
		if own := strings.Fields(command); len(words) >= len(own) && slices.Equal(words[:len(own)], own) {
			return len(own)
		}
	}
	return 0
}

// rest are the words after --.
func (b *Builder) rest(words []string) error {
	if old, ok := b.given[commandKey]; ok && len(words) > 0 {
		return fmt.Errorf("-- %s: the command is given twice: by the parameter %s as well", quote(words[0]), old.text)
	}
	b.c.Command = append(b.c.Command, words...)
	return nil
}

func splitWords(args string) ([]string, error) {
	// Neither survives JSON, an environment or a command line unchanged.
	if !utf8.ValidString(args) {
		return nil, errors.New("not valid UTF-8")
	}
	if strings.ContainsRune(args, 0) {
		return nil, errors.New("holds a NUL character")
	}
	words, err := shellquote.Split(args)
	switch {
	case errors.Is(err, shellquote.UnterminatedSingleQuoteError):
		return nil, errors.New(`a single quote (') is opened but not closed; a literal one is written \'`)
	case errors.Is(err, shellquote.UnterminatedDoubleQuoteError):
		return nil, errors.New(`a double quote (") is opened but not closed; a literal one is written \"`)
	case errors.Is(err, shellquote.UnterminatedEscapeError):
		return nil, errors.New(`ends in a backslash; a literal one is written \\`)
	}
	return words, err
}

func isFlag(word string) bool { return len(word) > 1 && word[0] == '-' }

func unexpectedWord(word string, last dockerFlag) error {
	const want = "a command goes after --, and the image is the parameter image"
	switch {
	case last.secret:
		// The word may be the second half of a secret.
		return fmt.Errorf("unexpected word after --%s NAME=...: quote a value that holds spaces; %s", last.long, want)
	case last.boolean:
		return fmt.Errorf("unexpected word %s: --%s takes no value, or one after an equals sign; %s", quote(word), last.long, want)
	case strings.HasPrefix(word, "–") || strings.HasPrefix(word, "—"):
		return fmt.Errorf("unexpected word %s: flags begin with a plain hyphen (-), this is a typographic dash", quote(word))
	}
	return fmt.Errorf("unexpected word %s: %s", quote(word), want)
}

// nextRefusal takes one flag that is refused, with its value, off words. Of
// short ones written together, -it, it takes the first.
func nextRefusal(words []string) (r refusal, written string, rest []string, ok bool) {
	word, rest := words[0], words[1:]
	if strings.HasPrefix(word, "--") {
		name, _, hasValue := strings.Cut(word, "=")
		r, ok = findRefusal(name)
		if ok && r.valued && !hasValue && len(rest) > 0 {
			rest = rest[1:]
		}
		return r, name, rest, ok
	}
	if name, _, _ := strings.Cut(word[1:], "="); len(name) > 1 && isLongFlag(name) {
		return r, "", nil, false
	}
	r, ok = findRefusal(word[:2])
	switch more := word[2:]; {
	case !ok, strings.HasPrefix(more, "="), r.valued && more != "":
	case more != "":
		rest = append([]string{"-" + more}, rest...)
	case r.valued && len(rest) > 0:
		rest = rest[1:]
	}
	return r, word[:2], rest, ok
}

// nextFlag takes one flag and its value off words, which begins with a flag
// that is not refused.
// Its spellings are those of docker run: --flag value, --flag=value, -f value,
// -fvalue, -f=value; for a boolean --flag and --flag=true.
func nextFlag(words []string) (f dockerFlag, written, value string, rest []string, err error) {
	word, rest := words[0], words[1:]
	var hasValue bool
	if name, long := strings.CutPrefix(word, "--"); long {
		name, value, hasValue = strings.Cut(name, "=")
		written = "--" + name
	} else {
		name, _, hasEquals := strings.Cut(word[1:], "=")
		if len(name) > 1 && isLongFlag(name) {
			return f, "", "", skipValue(rest, hasEquals), fmt.Errorf("unknown flag -%s; did you mean --%s?", name, name)
		}
		_, n := utf8.DecodeRuneInString(word[1:])
		written, value = word[:1+n], word[1+n:]
		hasValue = value != ""
		value = strings.TrimPrefix(value, "=")
	}
	f, err = findFlag(written)
	switch {
	case err != nil:
		return f, "", "", skipValue(rest, hasValue), err
	case f.boolean && !hasValue:
		value = "true"
	case f.boolean:
		if _, err := strconv.ParseBool(value); err != nil {
			return f, "", "", rest, fmt.Errorf("%s=%s: neither true nor false", written, quote(value))
		}
	case !hasValue && (len(rest) == 0 || rest[0] == "--"):
		return f, "", "", rest, fmt.Errorf("%s: its value is missing; allowed: %s", written, f.allowed)
	case !hasValue:
		value, rest = rest[0], rest[1:]
	}
	return f, written, value, rest, nil
}

// skipValue skips what is probably the value of an unknown flag.
func skipValue(rest []string, hasValue bool) []string {
	if !hasValue && len(rest) > 0 && !isFlag(rest[0]) {
		return rest[1:]
	}
	return rest
}

// show is a flag and its value as an error may show it.
func (f dockerFlag) show(written, value string) string {
	if f.secret {
		name, _, _ := strings.Cut(value, "=")
		if checkEnvName(name) != nil {
			return written // who knows what this is
		}
		value = name
	}
	return written + " " + quote(value)
}
