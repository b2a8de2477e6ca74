// Package complaint decides which repetitions of an error are logged, so that
// one that lasts for days does not push all else out of the log.
package complaint

import (
	"regexp"
	"time"
)

// RepeatAfter is how long a complaint that goes on is not logged again.
const RepeatAfter = 10 * time.Minute

// localPort is the part of a connection's error that is another each time:
// "read tcp 10.1.0.2:43210->10.1.0.3:2379: ...".
var localPort = regexp.MustCompile(`:\d+->`)

// Memory remembers what was complained of lately. It is empty at first.
type Memory struct {
	last map[string]time.Time
}

// News reports whether text is to be logged now. Texts that differ in the local
// port of a connection alone are the same.
func (m *Memory) News(now time.Time, text string) bool {
	text = localPort.ReplaceAllString(text, "->")
	if at, ok := m.last[text]; ok && now.Sub(at) < RepeatAfter {
		return false
	}
	if m.last == nil || len(m.last) >= 100 { // texts that all differ are no flood of the same
		m.last = map[string]time.Time{}
	}
	m.last[text] = now
	return true
}
