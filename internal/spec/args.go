package spec

import (
	"fmt"
	"strings"
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
// flags.go lists the flags, refused.go those that are refused; docs/args.md
// shows both.
func ParseArgs(args string) (Container, error) {
	var b Builder
	if err := b.Args(args); err != nil {
		return Container{}, err
	}
	return b.Container()
}

// Args adds flags of docker run, as ParseArgs reads them.
func (b *Builder) Args(args string) error {
	if err := b.parse(args); err != nil {
		return fmt.Errorf("args: %w", err)
	}
	return nil
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

// rest are the words after --.
func (b *Builder) rest(words []string) error {
	if old, ok := b.given[commandKey]; ok && len(words) > 0 {
		return fmt.Errorf("-- %s: the command is given twice: by the parameter %s as well", quote(words[0]), old.text)
	}
	b.c.Command = append(b.c.Command, words...)
	return nil
}
