package logs

import (
	"bufio"
	"encoding/json"
	"time"
)

// printer writes lines, as text or as JSON objects.
type printer struct {
	w      *bufio.Writer
	many   bool // logs: each line of text says which one it is of
	asJSON bool
}

func (p printer) print(lines []shownLine) error {
	for _, l := range lines {
		if p.asJSON {
			p.object(l)
		} else {
			p.text(l)
		}
	}
	return p.w.Flush() // which returns what a write before it had to say
}

func (p printer) object(l shownLine) {
	data, _ := json.Marshal(struct {
		Time time.Time `json:"time,omitzero"`
		Log  string    `json:"log"`
		Line string    `json:"line"`
	}{l.line.Time, l.log, l.line.Text})
	p.w.Write(append(data, '\n'))
}

func (p printer) text(l shownLine) {
	if l.line.Stamp != "" {
		p.w.WriteString(l.line.Stamp + " ")
	}
	if p.many {
		p.w.WriteString(l.log + ": ")
	}
	p.w.WriteString(l.line.Text + "\n")
}
