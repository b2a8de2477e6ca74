package spec

import (
	"fmt"
	"strings"
	"unicode"
)

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

// printable refuses control characters, which no name or path needs.
func printable(s string) error {
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("%s holds a control character", quote(s))
		}
	}
	return nil
}
