package api

import "strings"

// Plain is a line of a log as text of one line: without sequences that tell a terminal its colours or more, and
// without control characters. What is left means nothing to a terminal; pages escape it.
func Plain(text string) string {
	if !strings.ContainsFunc(text, control) {
		return text
	}
	var b strings.Builder
	for rest := []rune(text); len(rest) > 0; {
		switch {
		case rest[0] == 0x1b:
			rest = rest[escape(rest):]
			continue
		case rest[0] == '\t' || !control(rest[0]):
			b.WriteRune(rest[0])
		}
		rest = rest[1:]
	}
	return b.String()
}

func control(r rune) bool { return r < ' ' && r != '\t' || 0x7f <= r && r <= 0x9f }

// escape is how long the sequence is that begins with ESC, as ECMA-48 has them.
func escape(s []rune) int {
	if len(s) < 2 {
		return len(s)
	}
	switch s[1] {
	case '[': // CSI: parameters, then one final letter
		for i := 2; i < len(s); i++ {
			if s[i] >= '@' && s[i] <= '~' {
				return i + 1
			}
		}
		return len(s)
	case ']', 'P', 'X', '^', '_': // strings up to BEL or ST
		for i := 2; i < len(s); i++ {
			if s[i] == 0x07 {
				return i + 1
			}
			if s[i] == 0x1b && i+1 < len(s) && s[i+1] == '\\' {
				return i + 2
			}
		}
		return len(s)
	}
	return 2
}
