package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// checkAcceptances says what is wrong with the acceptances that somebody gave; nil: nothing.
// Where a scanner is asked, one may be of what only that knows.
func checkAcceptances(all []Acceptance, scanned bool) error {
	for _, a := range all {
		_, known := find(a.ID)
		switch {
		case a.ID == "":
			return fmt.Errorf("accepted: one has no id")
		case strings.TrimSpace(a.Reason) == "":
			return fmt.Errorf("accepted: %s has no reason: say why it is left so", a.ID)
		case !known && !scanned && a.ID != scanID:
			return fmt.Errorf("accepted: there is no check %s; rundockd audit --checks lists all", a.ID)
		}
	}
	return nil
}

// Judge makes the document of what was seen, and of what a scanner found, if one was asked.
func Judge(o Observation, scanned []Finding, accepted []Acceptance) Document {
	d := Document{
		Version: 1, Benchmark: Benchmark, Host: o.Host, Time: o.Time, Checks: len(Checks),
		Findings: []Finding{}, Accepted: []Finding{}, Skipped: []Skip{}, Idle: []Acceptance{},
	}
	all := slices.Clone(scanned)
	for _, c := range Checks {
		var r Result
		c.look(o, &r)
		for _, f := range r.Faults {
			all = append(all, c.finding(f))
		}
		if r.Unknown != "" {
			f := c.finding(Fault{Subject: "the check itself", Text: "it could not be looked at: " + r.Unknown})
			f.Unknown = true
			all = append(all, f)
		}
		if r.Skipped != "" {
			d.Skipped = append(d.Skipped, Skip{c.ID, r.Skipped})
		}
	}
	used := make([]bool, len(accepted))
	for _, f := range all {
		i := slices.IndexFunc(accepted, func(a Acceptance) bool { return a.holds(f) })
		switch {
		case i >= 0:
			used[i] = true
			f.Accepted = accepted[i].Reason
			d.Accepted = append(d.Accepted, f)
		case standing(f) != "":
			f.Accepted = standing(f)
			d.Accepted = append(d.Accepted, f)
		default:
			d.Findings = append(d.Findings, f)
		}
	}
	for i, a := range accepted {
		if !used[i] {
			d.Idle = append(d.Idle, a)
		}
	}
	slices.SortStableFunc(d.Findings, worstFirst)
	d.Counts = counts(d.Findings)
	return d
}

// holds reports whether a is of f. What could not be found out is never accepted.
func (a Acceptance) holds(f Finding) bool {
	return a.ID == f.ID && !f.Unknown && (a.Service == "" || a.Service == f.Service)
}

// standing is why f is left so on every host; "": it is not.
func standing(f Finding) string {
	for _, a := range Standing {
		if a.holds(f) {
			return a.Reason
		}
	}
	return ""
}

func (c Check) finding(f Fault) Finding {
	return Finding{ID: c.ID, Group: c.group(), Severity: c.Severity, Subject: f.Subject, Service: f.Service, Text: f.Text, Wants: c.Wants, Reason: c.Reason, Remedy: c.Remedy}
}

// worstFirst orders findings by how bad they are.
func worstFirst(a, b Finding) int {
	return cmp.Compare(slices.Index(severities, b.Severity), slices.Index(severities, a.Severity))
}

func counts(findings []Finding) map[Severity]int {
	n := map[Severity]int{}
	for _, s := range severities {
		n[s] = 0
	}
	for _, f := range findings {
		n[f.Severity]++
	}
	return n
}
