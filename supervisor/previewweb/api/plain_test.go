package api

import "testing"

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"plain, ä and 世":                           "plain, ä and 世",
		"a\tb":                                     "a\tb",
		"\x1b[31mred\x1b[0m":                       "red",
		"\x1b[38;5;208;1mbold\x1b[m!":              "bold!",
		"\x1b]0;title\x07text":                     "text",
		"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\": "link",
		"\x1bP1$r\x1b\\x":                          "x",
		"\x1b(Btext":                               "Btext",
		"cut \x1b[31":                              "cut ",
		"cut \x1b":                                 "cut ",
		"cut \x1b]0;title":                         "cut ",
		"bell\x07 back\x08 nul\x00 c1\u009b":       "bell back nul c1",
		"a\r\nb":                                   "ab",
	} {
		if got := Plain(text); got != want {
			t.Errorf("Plain(%q) = %q, want %q", text, got, want)
		}
	}
}
