package control

import (
	"testing"
	"time"
)

// TestPause_covers a container that its runner pauses for a moment, and no operator's
// docker pause.
func TestPause_covers(t *testing.T) {
	began := time.Unix(1000, 0)
	at := func(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }
	under, over := &Pause{Container: "c", Began: began}, &Pause{Container: "c", Began: began, Ended: at(1)}
	for _, c := range []struct {
		claim     string
		pause     *Pause
		container string
		seconds   int
		want      bool
	}{
		{"one that it pauses now", under, "c", 0, true},
		{"also where that takes seconds", under, "c", 20, true},
		{"but not for long: then clients are better elsewhere", under, "c", 40, false},
		{"no other container", under, "d", 0, false},
		{"one that was seen before it was over", over, "c", 2, true},
		{"not one that somebody pauses afterwards", over, "c", 5, false},
		{"none without one", nil, "c", 0, false},
	} {
		if got := c.pause.Covers(c.container, at(c.seconds)); got != c.want {
			t.Errorf("%s: Covers = %v, want %v", c.claim, got, c.want)
		}
	}
}
