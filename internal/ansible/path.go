package ansible

import (
	"os"
	"os/user"
	"strings"
)

// toPath is a string with environment variables and a leading ~ or ~user
// replaced, as Python's os.path.expandvars and expanduser do.
func toPath(v any) (any, error) {
	text, err := toStr(v)
	if err != nil {
		return nil, err
	}
	return expandUser(expandVars(text.(string))), nil
}

// expandVars replaces $NAME and ${NAME}; a variable that is not set stays as
// it is written. What a value contains is not expanded again.
func expandVars(path string) string {
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(path, "$")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, rest, braces := "", after, false
		if inner, found := strings.CutPrefix(after, "{"); found {
			name, rest, braces = strings.Cut(inner, "}")
		}
		if !braces {
			rest = strings.TrimLeft(after, wordCharacters)
			name = after[:len(after)-len(rest)]
		}
		if value, ok := os.LookupEnv(name); ok && name != "" {
			b.WriteString(value)
		} else {
			b.WriteString("$" + after[:len(after)-len(rest)])
		}
		path = rest
	}
}

const wordCharacters = "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// expandUser replaces the home directory at the beginning; an unknown user's
// stays as it is written.
func expandUser(path string) string {
	if !strings.HasPrefix(path, "~") {
		return path
	}
	name, rest, slash := strings.Cut(path[1:], "/")
	if slash {
		rest = "/" + rest
	}
	home, ok := homeOf(name)
	if !ok {
		return path
	}
	if path = strings.TrimRight(home, "/") + rest; path == "" {
		return "/"
	}
	return path
}

// homeOf finds the home directory of a user, "" for the present one.
func homeOf(name string) (string, bool) {
	if home, ok := os.LookupEnv("HOME"); name == "" && ok {
		return home, true
	}
	var u *user.User
	var err error
	if name == "" {
		u, err = user.Current()
	} else {
		u, err = user.Lookup(name)
	}
	if err != nil {
		return "", false
	}
	return u.HomeDir, true
}
