package service

import (
	"strings"
	"time"

	"rundock/supervisor/report"
)

// story is what `rundockd explain --json` prints. Its field names stay.
type story struct {
	Version  int              `json:"version"`
	Host     string           `json:"host"`
	Zone     string           `json:"zone"`
	Time     time.Time        `json:"time"`
	Service  serviceStatus    `json:"service"`
	Findings []report.Finding `json:"findings"`        // in the order of cause and effect
	Wrong    *report.Finding  `json:"wrong,omitempty"` // the first that is wrong

	enable string // what to do to have a disabled service run
}

// storyOf judges one service. It is pure.
func storyOf(h hostFacts, s serviceFacts) story {
	findings := judge(h, s)
	t := story{Version: report.Version, Host: h.Host, Zone: h.Zone, Time: h.Now.UTC(), Service: serviceStatusOf(h, s, findings), Findings: findings}
	if bad, ok := report.First(findings, report.Wrong); ok {
		t.Wrong = &bad
	}
	t.enable = "state=enabled"
	if s.Masked {
		t.enable = "rm " + hiddenLink(h, s) + ", then state=enabled"
	}
	return t
}

// text is the story for people.
func (t story) text() string {
	var b strings.Builder
	b.WriteString(t.Service.Name)
	if t.Service.Stack != "" {
		b.WriteString(", " + t.Service.Slot + " of stack " + t.Service.Stack + ",")
	}
	if t.Host != "" {
		b.WriteString(" on " + t.Host)
	}
	b.WriteString(", " + report.Stamp(t.Time) + "\n")
	report.WriteFindings(&b, t.Findings)
	return b.String() + "\n" + t.last() + "\n"
}

// last is the line that a hurried reader looks at.
func (t story) last() string {
	if t.Service.Verdict == "disabled" {
		return "Nothing is wrong: the service is disabled. To run it: " + t.enable
	}
	return report.LastLine(t.Findings)
}
