package spec

import (
	"errors"
	"fmt"
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

// parse adds the flags and the command in args.
func (b *Builder) parse(args string) error {
	words, err := splitWords(args)
	if err != nil {
		return err
	}
	b.hasArgs = true
	given := map[string]bool{}
	var last dockerFlag
	for len(words) > 0 {
		if words[0] == "--" {
			return b.rest(words[1:])
		}
		if !isFlag(words[0]) {
			return unexpectedWord(words[0], last)
		}
		f, written, value, rest, err := nextFlag(words)
		if err != nil {
			return err
		}
		if old, ok := b.given[f.long]; ok && !f.repeats && !given[f.long] {
			return fmt.Errorf("%s is given twice: by the parameter %s as well", written, old.text)
		} else if ok && !f.repeats {
			return fmt.Errorf("%s is given twice", written)
		}
		given[f.long] = true
		b.note(f.long, spelling{written, false})
		if err := f.set(&b.c, value); err != nil {
			return b.explain(f.show(written, value), f, err)
		}
		words, last = rest, f
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

// nextFlag takes one flag and its value off words, which begins with a flag.
// Its spellings are those of docker run: --flag value, --flag=value, -f value,
// -fvalue, -f=value; for a boolean --flag and --flag=true.
func nextFlag(words []string) (f dockerFlag, written, value string, rest []string, err error) {
	word, rest := words[0], words[1:]
	var hasValue bool
	if name, long := strings.CutPrefix(word, "--"); long {
		name, value, hasValue = strings.Cut(name, "=")
		written = "--" + name
	} else {
		name, _, _ := strings.Cut(word[1:], "=")
		if len(name) > 1 && isLongFlag(name) {
			return f, "", "", nil, fmt.Errorf("unknown flag -%s; did you mean --%s?", name, name)
		}
		_, n := utf8.DecodeRuneInString(word[1:])
		written, value = word[:1+n], word[1+n:]
		hasValue = value != ""
		value = strings.TrimPrefix(value, "=")
	}
	f, err = findFlag(written)
	switch {
	case err != nil:
		return f, "", "", nil, err
	case f.boolean && !hasValue:
		value = "true"
	case f.boolean:
		if _, err := strconv.ParseBool(value); err != nil {
			return f, "", "", nil, fmt.Errorf("%s=%s: neither true nor false", written, quote(value))
		}
	case !hasValue && (len(rest) == 0 || rest[0] == "--"):
		return f, "", "", nil, fmt.Errorf("%s: its value is missing; allowed: %s", written, f.allowed)
	case !hasValue:
		value, rest = rest[0], rest[1:]
	}
	return f, written, value, rest, nil
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
