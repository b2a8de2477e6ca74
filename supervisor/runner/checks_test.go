package runner

import (
	"errors"
	"testing"
	"time"

	"rundock/internal/container"
)

// TestCheckClock is when Docker is taken to make no health checks any more. A check
// comes each 30 s, and has 10 s: the limit is 55 s.
func TestCheckClock(t *testing.T) {
	began := time.Unix(1000, 0)
	up := container.State{Exists: true, Running: true, ID: "c", Checked: true, Health: "healthy", CheckWithin: 40 * time.Second, LastCheck: began}
	but := func(change func(*container.State)) container.State { s := up; change(&s); return s }
	checked := func(seconds int) container.State {
		return but(func(s *container.State) { s.LastCheck = began.Add(time.Duration(seconds) * time.Second) })
	}
	away := container.State{Unreachable: errors.New("connection refused")}
	type look struct {
		at   int // seconds
		seen container.State
	}
	for _, c := range []struct {
		claim string
		looks []look
		want  string // at the last of them: left, or that none is expected
	}{
		{"each check begins anew", []look{{0, up}, {30, checked(30)}, {61, checked(60)}, {70, checked(60)}}, "46s"},
		{"it is waited for", []look{{0, up}, {54, up}}, "1s"},
		{"for its interval, its timeout and some seconds", []look{{0, up}, {55, up}}, "0s"},
		{"and then there are none", []look{{0, up}, {80, up}}, "-25s"},
		{"whether it was healthy or not", []look{{0, but(func(s *container.State) { s.Health = "unhealthy" })}, {55, but(func(s *container.State) { s.Health = "unhealthy" })}}, "0s"},
		{"nor was there ever one", []look{{0, but(func(s *container.State) { s.LastCheck = time.Time{} })}, {55, but(func(s *container.State) { s.LastCheck = time.Time{} })}}, "0s"},
		{"what this runner has not seen does not count", []look{{500, up}}, "55s"},
		{"while dockerd is away there are none", []look{{0, up}, {20, away}}, "none is expected"},
		{"and then it has a whole interval", []look{{0, up}, {20, away}, {50, up}, {60, up}}, "45s"},
		{"one that is paused has none", []look{{0, up}, {20, but(func(s *container.State) { s.Paused = true })}}, "none is expected"},
		{"and begins anew", []look{{0, up}, {20, but(func(s *container.State) { s.Paused = true })}, {50, up}}, "55s"},
		{"one that has ended has none", []look{{0, up}, {60, but(func(s *container.State) { s.Running = false })}}, "none is expected"},
		{"nor one without a HEALTHCHECK", []look{{0, but(func(s *container.State) { s.Checked, s.Health = false, "" })}}, "none is expected"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			var clock checkClock
			got := ""
			for _, l := range c.looks {
				now := began.Add(time.Duration(l.at) * time.Second)
				clock = clock.see(now, l.seen)
				got = "none is expected"
				if left, expected := clock.left(now, l.seen); expected {
					got = left.String()
				}
			}
			if got != c.want {
				t.Errorf("left = %s, want %s", got, c.want)
			}
		})
	}
}
