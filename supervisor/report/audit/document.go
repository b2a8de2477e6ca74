package audit

import "time"

// Document is what `rundockd audit --json` prints. Its field names stay. Lists are never
// absent.
type Document struct {
	Version   int              `json:"version"`
	Benchmark string           `json:"benchmark"`
	Host      string           `json:"host"`
	Time      time.Time        `json:"time"`
	Checks    int              `json:"checks"`   // how many were made
	Counts    map[Severity]int `json:"counts"`   // of Findings
	Findings  []Finding        `json:"findings"` // the worst first
	Accepted  []Finding        `json:"accepted"`
	Skipped   []Skip           `json:"skipped"`
	Idle      []Acceptance     `json:"idle"` // acceptances of yours that accept nothing
}

// Finding is one thing that is not as it is to be.
type Finding struct {
	ID       string   `json:"id"`
	Group    string   `json:"group"` // host, daemon, files, containers, rundock, images
	Severity Severity `json:"severity"`
	Subject  string   `json:"subject"`
	Service  string   `json:"service,omitempty"`
	Text     string   `json:"text"`
	Wants    string   `json:"wants"`
	Reason   string   `json:"reason"`
	Remedy   string   `json:"remedy"`
	Unknown  bool     `json:"unknown,omitempty"`  // it could not be looked at
	Accepted string   `json:"accepted,omitempty"` // why it is left so
}

// Skip is a check that does not apply to the host.
type Skip struct {
	ID  string `json:"id"`
	Why string `json:"why"`
}

// over reports whether a finding is as bad as least.
func (d Document) over(least Severity) bool {
	for _, f := range d.Findings {
		if f.Severity.AtLeast(least) {
			return true
		}
	}
	return false
}
