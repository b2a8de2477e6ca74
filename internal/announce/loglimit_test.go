package announce

import (
	"testing"
	"time"
)

func TestChatter_ends_in_a_line_a_minute(t *testing.T) {
	var c logLimit
	start := time.Now()
	lines := func(from, to time.Duration) (n int) {
		for at := from; at < to; at += time.Second {
			if c.allows(start.Add(at)) {
				n++
			}
		}
		return n
	}
	if got := lines(0, time.Minute); got != logBurst {
		t.Errorf("in the first minute %d lines, want %d", got, logBurst)
	}
	if got, want := lines(time.Minute, 25*time.Hour), 25*60-1; got != want {
		t.Errorf("in the day after %d lines, want %d", got, want)
	}
	if got := lines(26*time.Hour, 26*time.Hour+5*time.Second); got != 5 {
		t.Errorf("after an hour of silence %d lines of 5", got)
	}
}
