package compose

import (
	"strings"

	"github.com/compose-spec/compose-go/v2/template"
)

// unset is a variable that a text needs and that has no value.
type unset struct {
	name     string
	required bool   // ${X:?message}
	message  string // of ${X:?message}
}

// unsetVariables are those of s, as ${X}, $X or ${X:?message}, for which
// lookup has no value, in their order. What has a default (${X:-d}), or stands
// for something else (${X:+r}), is none; a default has variables of its own.
// compose-go complains of what is no variable at all.
//
// Source: the compose specification, "Interpolation".
func unsetVariables(s string, lookup func(string) (string, bool)) []unset {
	var found []unset
	for {
		i := strings.IndexByte(s, '$')
		if i < 0 || i+1 == len(s) {
			return found
		}
		s = s[i+1:]
		switch {
		case s[0] == '$':
			s = s[1:]
		case s[0] == '{':
			inner, rest := braced(s[1:])
			found = append(found, unsetBraced(inner, lookup)...)
			s = rest
		default:
			name := variableName(s)
			if _, ok := lookup(name); name != "" && !ok {
				found = append(found, unset{name: name})
			}
			s = s[len(name):]
		}
	}
}

// braced cuts s behind the } that belongs to a { just before s.
func braced(s string) (inner, rest string) {
	depth := 1
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '{' && i > 0 && s[i-1] == '$':
			depth++
		case s[i] == '}':
			if depth--; depth == 0 {
				return s[:i], s[i+1:]
			}
		}
	}
	return "", s
}

func unsetBraced(inner string, lookup func(string) (string, bool)) []unset {
	name := variableName(inner)
	if name == "" {
		return nil
	}
	value, ok := lookup(name)
	operator := inner[len(name):]
	if rest, colon := strings.CutPrefix(operator, ":"); colon {
		operator = rest
		ok = ok && value != ""
	}
	switch {
	case operator == "":
		if !ok {
			return []unset{{name: name}}
		}
	case operator[0] == '?' && !ok:
		return []unset{{name: name, required: true, message: operator[1:]}}
	case operator[0] == '-' && !ok, operator[0] == '+' && ok:
		return unsetVariables(operator[1:], lookup)
	}
	return nil
}

// variableName is the name that s begins with.
func variableName(s string) string {
	for i, c := range []byte(s) {
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return s[:i]
		}
	}
	return s
}

// variableDepth is how many ${ are open at once in s. compose-go takes minutes over thousands of them.
func variableDepth(s string) (most int) {
	open := 0
	for i := range len(s) {
		switch {
		case s[i] == '{' && i > 0 && s[i-1] == '$':
			open++
			most = max(most, open)
		case s[i] == '}' && open > 0:
			open--
		}
	}
	return most
}

// substitute fills variables in, as compose-go does by itself, which logs those
// that have no value.
func substitute(s string, lookup template.Mapping) (string, error) {
	return template.SubstituteWithOptions(s, lookup, template.WithoutLogging)
}
