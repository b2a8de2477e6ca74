package report

import (
	"fmt"
	"strings"
	"time"
)

// story is what `rundockd explain --json` prints. Its field names stay.
type story struct {
	Version  int           `json:"version"`
	Host     string        `json:"host"`
	Zone     string        `json:"zone"`
	Time     time.Time     `json:"time"`
	Service  serviceStatus `json:"service"`
	Findings []finding     `json:"findings"`        // in the order of cause and effect
	Wrong    *finding      `json:"wrong,omitempty"` // the first that is wrong

	enable string // what to do to have a disabled service run
}

// storyOf judges one service. It is pure.
func storyOf(h hostFacts, s serviceFacts) story {
	findings := judge(h, s)
	t := story{Version: statusVersion, Host: h.Host, Zone: h.Zone, Time: h.Now.UTC(), Service: serviceStatusOf(h, s, findings), Findings: findings}
	if bad, ok := first(findings, wrong); ok {
		t.Wrong = &bad
	}
	t.enable = "state=enabled"
	if s.Held {
		t.enable = "rm " + hiddenLink(h, s) + ", then state=enabled"
	}
	return t
}

// marks begin the lines of text.
var marks = map[level]string{fine: "ok", note: "note", unknown: "??", wrong: "!!"}

// text is the story for people.
func (t story) text() string {
	var b strings.Builder
	b.WriteString(t.Service.Name)
	if t.Host != "" {
		b.WriteString(" on " + t.Host)
	}
	b.WriteString(", " + stamp(t.Time) + "\n")
	writeFindings(&b, t.Findings)
	return b.String() + "\n" + t.last() + "\n"
}

// last is the line that a hurried reader looks at.
func (t story) last() string {
	if t.Service.Verdict == "disabled" {
		return "Nothing is wrong: the service is disabled. To run it: " + t.enable
	}
	return lastLine(t.Findings)
}

// writeFindings writes a line for each, below its part.
func writeFindings(b *strings.Builder, findings []finding) {
	part := ""
	for _, f := range findings {
		if f.Part != part {
			part = f.Part
			fmt.Fprintf(b, "\n%s\n", part)
		}
		fmt.Fprintf(b, "  %-4s  %s\n", marks[f.Level], oneLine(f.Text))
		for _, line := range f.More {
			fmt.Fprintf(b, "        | %s\n", line)
		}
	}
}

// lastLine tells the first that is wrong, or else could not be found out.
func lastLine(findings []finding) string {
	if f, ok := first(findings, wrong); ok {
		text := oneLine(f.Text)
		if !strings.HasSuffix(text, "?") {
			text = strings.TrimSuffix(text, ".") + "."
		}
		return fmt.Sprintf("Wrong: %s: %s Next: %s", f.Part, text, f.Next)
	}
	if f, ok := first(findings, unknown); ok {
		return fmt.Sprintf("Nothing is known to be wrong, but not all could be found out. Next: %s", f.Next)
	}
	return "Nothing is wrong."
}
