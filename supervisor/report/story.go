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
}

// storyOf judges one service. It is pure.
func storyOf(h hostFacts, s serviceFacts) story {
	findings := judge(h, s)
	t := story{Version: statusVersion, Host: h.Host, Zone: h.Zone, Time: h.Now.UTC(), Service: serviceStatusOf(h, s, findings), Findings: findings}
	if bad, ok := first(findings, wrong); ok {
		t.Wrong = &bad
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
	part := ""
	for _, f := range t.Findings {
		if f.Part != part {
			part = f.Part
			fmt.Fprintf(&b, "\n%s\n", part)
		}
		fmt.Fprintf(&b, "  %-4s  %s\n", marks[f.Level], oneLine(f.Text))
		for _, line := range f.More {
			fmt.Fprintf(&b, "        | %s\n", line)
		}
	}
	return b.String() + "\n" + t.last() + "\n"
}

// last is the line that a hurried reader looks at.
func (t story) last() string {
	switch {
	case t.Wrong != nil:
		text := oneLine(t.Wrong.Text)
		if !strings.HasSuffix(text, "?") {
			text = strings.TrimSuffix(text, ".") + "."
		}
		return fmt.Sprintf("Wrong: %s: %s Next: %s", t.Wrong.Part, text, t.Wrong.Next)
	case t.Service.Verdict == "unknown":
		f, _ := first(t.Findings, unknown)
		return fmt.Sprintf("Nothing is known to be wrong, but not all could be found out. Next: %s", f.Next)
	case t.Service.Verdict == "disabled":
		return "Nothing is wrong: the service is disabled. To run it: state=enabled"
	}
	return "Nothing is wrong."
}
