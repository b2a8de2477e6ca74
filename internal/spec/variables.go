package spec

import (
	"fmt"
	"slices"
	"strings"
)

// variables are what Expand knows: addresses of the host's private and public
// interface, the one of the two that is announced, and the host's name.
var variables = []string{"ANNOUNCE_IP", "HOST", "PRIVATE_IP", "PUBLIC_IP"}

// Expand replaces $NAME and ${NAME} in s by vars[NAME] where NAME is one of
// PRIVATE_IP, PUBLIC_IP, ANNOUNCE_IP and HOST, and is in vars.
//
// Every other $ stays: in a command or a password it belongs to the program
// in the container, and there is no way of quoting it, since quotes are gone
// after word splitting. NAME is as long as it can be, so $HOSTNAME stays too.
// A program that needs the text $HOST itself is given ${HOST-}.
func Expand(s string, vars map[string]string) string {
	return substitute(s, func(name string) (string, bool) {
		v, ok := vars[name]
		return v, ok
	})
}

// substitute replaces the known variables of s for which value has one.
func substitute(s string, value func(name string) (string, bool)) string {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "$")
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		name, length := identifier(rest)
		if slices.Contains(variables, name) {
			if v, ok := value(name); ok {
				out.WriteString(v)
				s = rest[length:]
				continue
			}
		}
		out.WriteByte('$')
		s = rest
	}
}

// identifier returns the name that s begins with, NAME or {NAME}, and its
// length in s; "" if there is none.
func identifier(s string) (string, int) {
	const chars = alphanumeric + "_"
	if inner, ok := strings.CutPrefix(s, "{"); ok {
		name, _, closed := strings.Cut(inner, "}")
		if !closed || !consists(name, chars) {
			return "", 0
		}
		return name, len(name) + 2
	}
	name := s[:len(s)-len(strings.TrimLeft(s, chars))]
	return name, len(name)
}

// knownVariables returns an error if s holds a $ that Expand would leave.
func knownVariables(s string) error {
	rest := substitute(s, func(string) (string, bool) { return "", true })
	if strings.Contains(rest, "$") {
		return fmt.Errorf("unknown variable; known are $%s", strings.Join(variables, ", $"))
	}
	return nil
}
