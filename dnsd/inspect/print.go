package inspect

import (
	"fmt"
	"strings"
)

// printable keeps what others wrote from steering the terminal.
func printable(s string) string {
	if strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f || c == 0xfffd }) {
		return fmt.Sprintf("%q", s)
	}
	return s
}
