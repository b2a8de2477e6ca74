package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// DockerCommand is the `docker run` that would make the container c under
// name, for a person to read: pieces of a shell command line, each a word or a
// flag with its value, quoted and without line breaks, so that they may stand
// in a comment. Environment variables are shown by name only; variables of
// Expand stay as they are.
func (c Container) DockerCommand(name string) []string {
	pieces := []string{"docker run", "--name " + quote(name), "--log-driver local"}
	for _, f := range flags {
		for _, v := range f.get(&c) {
			if f.secret {
				v, _, _ = strings.Cut(v, "=")
			}
			piece := f.name()
			if !f.boolean {
				piece += " " + quote(v)
			}
			pieces = append(pieces, piece)
		}
		if f.long == "env" {
			for _, name := range slices.Sorted(maps.Keys(c.EnvSecrets)) {
				pieces = append(pieces, f.name()+" "+quote(name))
			}
		}
	}
	pieces = append(pieces, quote(c.Image))
	if len(c.Entrypoint) > 1 {
		for _, word := range c.Entrypoint[1:] { // --entrypoint takes one word
			pieces = append(pieces, quote(word))
		}
	}
	for _, word := range c.Command {
		pieces = append(pieces, quote(word))
	}
	return pieces
}

// CommandLine is DockerCommand in one line.
func (c Container) CommandLine(name string) string {
	return strings.Join(c.DockerCommand(name), " ")
}

// quote makes s one word of a shell, on one line. Plain words, and the
// variables of Expand in them, stay as they are; what cannot be printed is
// written as bash's $'...' does.
func quote(s string) string {
	plain := substitute(s, func(string) (string, bool) { return "x", true })
	if s != "" && consists(plain, alphanumeric+"_@%+=:,./-") {
		return s
	}
	if !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	var out strings.Builder
	out.WriteString("$'")
	for _, r := range s {
		switch {
		case r == '\n':
			out.WriteString(`\n`)
		case r == '\t':
			out.WriteString(`\t`)
		case r == '\'' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case unicode.IsPrint(r):
			out.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&out, `\x%02x`, r)
		default:
			fmt.Fprintf(&out, `\U%08x`, r)
		}
	}
	out.WriteByte('\'')
	return out.String()
}
