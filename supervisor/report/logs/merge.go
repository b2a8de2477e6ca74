package logs

import "rundock/internal/svlog"

// shownLine is a line with the log that it is of.
type shownLine struct {
	log  string
	line svlog.Line
}

func shown(log string, lines []svlog.Line) []shownLine {
	all := make([]shownLine, 0, len(lines))
	for _, line := range lines {
		all = append(all, shownLine{log, line})
	}
	return all
}

// merged merges two logs by time. Lines of one log keep their order.
func merged(a, b []shownLine) []shownLine {
	all := make([]shownLine, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if b[0].line.Time.Before(a[0].line.Time) {
			all, b = append(all, b[0]), b[1:]
		} else {
			all, a = append(all, a[0]), a[1:]
		}
	}
	return append(append(all, a...), b...)
}
