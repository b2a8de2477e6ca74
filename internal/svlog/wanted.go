package svlog

import "time"

// Wanted says how much of a log's past is wanted.
type Wanted struct {
	Last  int       // lines; less than 0: all
	Since time.Time // zero: from the beginning
}

// Cut returns those of lines that are wanted.
func (w Wanted) Cut(lines []Line) []Line {
	if !w.Since.IsZero() {
		lines = lines[sliceFrom(lines, w.Since):]
	}
	if w.Last >= 0 && len(lines) > w.Last {
		lines = lines[len(lines)-w.Last:]
	}
	return lines
}

// sliceFrom is the index of the first line from since on.
func sliceFrom(lines []Line, since time.Time) int {
	for i, l := range lines {
		if !l.Time.IsZero() && !l.Time.Before(since) {
			return i
		}
	}
	return len(lines)
}
