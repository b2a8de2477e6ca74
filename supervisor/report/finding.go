package report

import (
	"fmt"
	"slices"
)

// Level says how a finding is to be taken. JSON has it so.
type Level string

const (
	Fine    Level = "ok"
	Note    Level = "note"    // worth knowing, and nothing wrong
	Unknown Level = "unknown" // could not be found out
	Wrong   Level = "wrong"
)

// Finding is one thing that was found out.
type Finding struct {
	Part  string   `json:"part"` // what it is about: files, runner, path, ...
	Level Level    `json:"level"`
	Text  string   `json:"text"`
	Next  string   `json:"next,omitempty"` // what to do about it
	More  []string `json:"more,omitempty"` // lines of output
}

// First returns the first finding of a level.
func First(findings []Finding, l Level) (f Finding, ok bool) {
	i := slices.IndexFunc(findings, func(f Finding) bool { return f.Level == l })
	if i < 0 {
		return Finding{}, false
	}
	return findings[i], true
}

// Verdict is what findings come to, in the words of JSON: wrong, unknown, ok.
func Verdict(findings []Finding) string {
	for _, l := range []Level{Wrong, Unknown} {
		if _, ok := First(findings, l); ok {
			return string(l)
		}
	}
	return string(Fine)
}

// Part collects the findings of one part.
type Part struct {
	Name     string
	Findings []Finding
}

// Add adds a finding. next is what to do about it, more are lines of output.
func (p *Part) Add(l Level, text, next string, more ...string) {
	p.Findings = append(p.Findings, Finding{Part: p.Name, Level: l, Text: text, Next: next, More: more})
}

func (p *Part) Fine(format string, args ...any) { p.Add(Fine, fmt.Sprintf(format, args...), "") }
func (p *Part) Note(format string, args ...any) { p.Add(Note, fmt.Sprintf(format, args...), "") }

func (p *Part) Wrong(text, next string, more ...string) { p.Add(Wrong, text, next, more...) }

// Trouble adds what could not be found out: as wrong, unless root would know.
func (p *Part) Trouble(t Trouble, next string) {
	if t.Denied {
		p.Add(Unknown, t.Text, "run it as root")
		return
	}
	p.Wrong(t.Text, next)
}
