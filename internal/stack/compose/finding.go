package compose

import (
	"fmt"
	"slices"
	"strings"
)

// Finding is something that a user has to know of the files: an error of
// theirs, or a note of what is done otherwise than they say.
type Finding struct {
	File    string // as it was named; "" where it is of no file
	Line    int    // 0 where it is of no line
	Service string // "" where it is of no service
	Key     string // below the service, or else from the top: ports[0], deploy.mode, networks.front
	Text    string
}

// String is f as in "compose.yaml:12: service web: ports[0]: ...".
func (f Finding) String() string {
	var b strings.Builder
	if f.File != "" {
		b.WriteString(f.File)
		if f.Line != 0 {
			fmt.Fprintf(&b, ":%d", f.Line)
		}
		b.WriteString(": ")
	}
	if f.Service != "" {
		b.WriteString("service " + f.Service + ": ")
	}
	if f.Key != "" {
		b.WriteString(f.Key + ": ")
	}
	b.WriteString(f.Text)
	return b.String()
}

// Errors are all that is wrong with the files, in the order of the files.
type Errors []Finding

func (e Errors) Error() string {
	texts := make([]string, len(e))
	for i, f := range e {
		texts[i] = f.String()
	}
	return strings.Join(texts, "; ")
}

// sorted are findings by file, line and text, each once.
func sorted(findings []Finding) []Finding {
	slices.SortFunc(findings, func(a, b Finding) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		if c := a.Line - b.Line; c != 0 {
			return c
		}
		return strings.Compare(a.String(), b.String())
	})
	return slices.Compact(findings)
}
