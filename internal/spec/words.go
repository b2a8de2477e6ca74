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

// SplitWords splits a command line as args is split.
func SplitWords(line string) ([]string, error) { return splitWords(line) }

func isFlag(word string) bool { return len(word) > 1 && word[0] == '-' }

// dockerRun is how many words at the beginning are the docker command itself.
func dockerRun(words []string) int {
	for _, command := range []string{"docker run", "docker container run", "sudo docker run", "podman run"} {
		if own := strings.Fields(command); len(words) >= len(own) && slices.Equal(words[:len(own)], own) {
			return len(own)
		}
	}
	return 0
}

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
