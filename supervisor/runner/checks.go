package runner

import (
	"time"

	"rundock/internal/container"
)

// checkClock tells whether Docker still makes the health checks of a running
// container. Docker before 23 makes none any more in one that outlives its dockerd,
// which comes back to it by live-restore, until it is paused (moby/moby#41871).
type checkClock struct {
	last  time.Time // when the last check ended, as Docker says it; zero: there was none
	since time.Time // since when the next one is awaited; zero: none is
}

// checkSlack is what a check is given beyond its interval and timeout: Docker waits
// for 10 s for one that it has told to end.
const checkSlack = 15 * time.Second

// see is the clock once the container was seen as s. A dockerd that was away begins
// with a whole interval.
func (c checkClock) see(now time.Time, s container.State) checkClock {
	switch {
	case s.Unreachable != nil, !s.Running, s.Paused, !s.Checked, s.Health == "":
		return checkClock{}
	case c.since.IsZero(), !c.last.Equal(s.LastCheck):
		return checkClock{s.LastCheck, now}
	}
	return c
}

// left is how long Docker has yet to make a check of s, where one is expected.
func (c checkClock) left(now time.Time, s container.State) (left time.Duration, expected bool) {
	if c.since.IsZero() {
		return 0, false
	}
	return c.since.Add(s.CheckWithin + checkSlack).Sub(now), true
}
