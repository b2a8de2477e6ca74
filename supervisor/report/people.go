package report

import (
	"fmt"
	"strings"
)

// marks begin the lines of findings.
var marks = map[Level]string{Fine: "ok", Note: "note", Unknown: "??", Wrong: "!!"}

// WriteFindings writes a line for each finding, below the name of its part.
func WriteFindings(b *strings.Builder, findings []Finding) {
	part := ""
	for _, f := range findings {
		if f.Part != part {
			part = f.Part
			fmt.Fprintf(b, "\n%s\n", part)
		}
		fmt.Fprintf(b, "  %-4s  %s\n", marks[f.Level], OneLine(f.Text))
		for _, line := range f.More {
			fmt.Fprintf(b, "        | %s\n", line)
		}
	}
}

// LastLine sums findings up for a hurried reader: it names the first that is
// wrong, or else the first that could not be found out, and what to do.
func LastLine(findings []Finding) string {
	if f, ok := First(findings, Wrong); ok {
		text := OneLine(f.Text)
		if !strings.HasSuffix(text, "?") {
			text = strings.TrimSuffix(text, ".") + "."
		}
		return fmt.Sprintf("Wrong: %s: %s Next: %s", f.Part, text, f.Next)
	}
	if f, ok := First(findings, Unknown); ok {
		return fmt.Sprintf("Nothing is known to be wrong, but not all could be found out. Next: %s", f.Next)
	}
	return "Nothing is wrong."
}
