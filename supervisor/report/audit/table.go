package audit

import (
	"fmt"
	"slices"
	"strings"

	"rundock/supervisor/report"
)

// groups are in the order in which people read them.
var groups = []struct{ name, title string }{
	{"rundock", "rundock"}, {"containers", "containers"}, {"images", "images"}, {"daemon", "dockerd"}, {"files", "files of Docker"}, {"host", "host"},
}

// Lines are the document for people: findings by group, the worst first, each with what
// mends it; then, with all set, what is accepted; at last a line that sums it up.
func (d Document) Lines(all bool) (lines []string) {
	for _, g := range groups {
		of := slices.DeleteFunc(slices.Clone(d.Findings), func(f Finding) bool { return f.Group != g.name })
		if len(of) > 0 {
			lines = append(lines, g.title)
		}
		for i, f := range of {
			lines = append(lines, fmt.Sprintf("  %-6s  %s  %s: %s", f.Severity, f.ID, f.Subject, report.OneLine(f.Text)))
			// What mends it is said once for all that are of one check.
			if i+1 == len(of) || of[i+1].ID != f.ID {
				lines = append(lines, "          why: "+f.Reason, "          do: "+f.Remedy)
			}
		}
	}
	if all && len(d.Accepted) > 0 {
		lines = append(lines, "accepted")
		for _, f := range d.Accepted {
			lines = append(lines, fmt.Sprintf("  %-6s  %s  %s: %s", f.Severity, f.ID, f.Subject, report.OneLine(f.Text)), "          as: "+f.Accepted)
		}
	}
	for _, a := range d.Idle {
		lines = append(lines, fmt.Sprintf("accepted %s%s accepts nothing here", a.ID, says(a.Service != "", " of service "+a.Service)))
	}
	return append(lines, d.Summary())
}

// Summary is the document in a line.
func (d Document) Summary() string {
	n := len(d.Findings)
	if n == 0 {
		return fmt.Sprintf("%s: nothing was found by %d checks; %d findings are accepted", d.Host, d.Checks, len(d.Accepted))
	}
	var parts []string
	for _, s := range slices.Backward(severities) {
		if d.Counts[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", d.Counts[s], s))
		}
	}
	return fmt.Sprintf("%s: %s of %s; %d accepted, %d checks", d.Host, plural(n, "finding"), strings.Join(parts, ", "), len(d.Accepted), d.Checks)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// listed are the checks for people.
func listed() string {
	rows := [][]string{{"CHECK", "SEVERITY", "GROUP", "WHAT IS TO BE SO"}}
	for _, c := range Checks {
		rows = append(rows, []string{c.ID, string(c.Severity), c.group(), c.Wants})
	}
	return report.Table(rows)
}
