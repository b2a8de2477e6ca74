package spec

import (
	"fmt"
	"strconv"
	"strings"
)

// span is a range of whole numbers, such as ports or processors; one number if
// both ends are equal.
type span struct{ first, last int }

func (s span) String() string {
	if s.first == s.last {
		return strconv.Itoa(s.first)
	}
	return fmt.Sprintf("%d-%d", s.first, s.last)
}

func (s span) size() int { return s.last - s.first + 1 }

// parseSpan reads a port, or a range of ports.
func parseSpan(s string) (span, error) {
	first, last, isRange := strings.Cut(s, "-")
	if !isRange {
		last = first
	}
	var r span
	for _, end := range []struct {
		s    string
		into *int
	}{{first, &r.first}, {last, &r.last}} {
		n, err := strconv.ParseUint(end.s, 10, 16)
		if err != nil || n == 0 {
			return r, fmt.Errorf("%s is not a number from 1 to 65535", quote(end.s))
		}
		*end.into = int(n)
	}
	if r.last < r.first {
		return r, fmt.Errorf("the range %s ends before it begins", s)
	}
	return r, nil
}
