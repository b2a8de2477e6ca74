package audit

import (
	"fmt"
	"slices"
)

// Benchmark names what the numbers of checks are of.
const Benchmark = "CIS Docker Benchmark v1.7.0"

// Severity says how bad it is where a check finds something.
type Severity string

const (
	Low    Severity = "low"    // it makes another weakness worse
	Medium Severity = "medium" // it lets an intruder further
	High   Severity = "high"   // it is a way to root, to a key, or to what others serve
)

var severities = []Severity{Low, Medium, High}

// AtLeast reports whether s is as bad as least.
func (s Severity) AtLeast(least Severity) bool {
	return slices.Index(severities, s) >= slices.Index(severities, least)
}

// Check is one thing that is looked at.
type Check struct {
	ID       string // that of the benchmark, or RD-1 and so on
	Severity Severity
	Wants    string // what is to be so: a sentence without its full stop
	Reason   string // what it is good for
	Remedy   string // the setting that mends it

	look func(o Observation, r *Result)
}

// group is what a check is about, as documents have it.
func (c Check) group() string {
	switch c.ID[0] {
	case '1':
		return "host"
	case '2':
		return "daemon"
	case '3':
		return "files"
	case '5':
		return "containers"
	}
	return "rundock"
}

// Result is what came of one check; zero: all is well.
type Result struct {
	Faults  []Fault
	Unknown string // why it could not be looked at
	Skipped string // why it does not apply to this host
}

// Fault is one thing that is not as it is to be.
type Fault struct {
	Subject string // a path, a container, a setting
	Service string // of rundock's, that it is about; "": none
	Text    string
}

// fault adds one.
func (r *Result) fault(subject, format string, args ...any) {
	r.Faults = append(r.Faults, Fault{Subject: subject, Text: fmt.Sprintf(format, args...)})
}

// Checks are all, in the order of the benchmark's chapters, and then rundock's own.
var Checks = slices.Concat(hostChecks, daemonChecks, fileChecks, containerChecks, ownChecks)

// find returns the check of this id.
func find(id string) (Check, bool) {
	i := slices.IndexFunc(Checks, func(c Check) bool { return c.ID == id })
	if i < 0 {
		return Check{}, false
	}
	return Checks[i], true
}
