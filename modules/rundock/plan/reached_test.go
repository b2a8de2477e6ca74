package plan

import (
	"strings"
	"testing"
	"time"

	"rundock/internal/control"
	"rundock/internal/module"
	"rundock/internal/runit"
)

func TestReached(t *testing.T) {
	at := time.Unix(1000, 0)
	run := module.Process{Supervised: true, Status: runit.Status{PID: 7, State: runit.Run}}
	side := module.Process{Supervised: true, Status: runit.Status{PID: 8, State: runit.Run}}
	good := Situation{Runner: run, Announcer: side,
		Says:      control.RunnerStatus{PID: 7, Phase: control.Running, Wanted: "h", Spec: "h", Container: "c", Started: at.Add(-time.Minute)},
		Announces: control.AnnounceStatus{PID: 8, State: control.Announced, Container: "c"}, Beat: at.Add(-time.Second)}
	for _, c := range []struct {
		name   string
		change func(*Situation)
		shape  Shape
		want   string // the values of wait that are reached
	}{
		{"all is well, but for what docker alone knows", func(*Situation) {}, Both, "running announced"},
		{"all is well, and announced by its HEALTHCHECK", func(s *Situation) {}, Both, "running healthy announced"},
		{"the sidecar says nothing any more", func(s *Situation) { s.Beat = at.Add(-time.Minute) }, Both, "running"},
		{"the sidecar said so in the future", func(s *Situation) { s.Beat = at.Add(time.Hour) }, Both, "running"},
		{"the runner is frozen", func(s *Situation) { s.Runner.Status.Paused = true }, Both, ""},
		{"a container without sidecar may be unhealthy", func(*Situation) {}, RunnerAlone, "running"},
		{"the status is of another process", func(s *Situation) { s.Says.PID = 6 }, Both, ""},
		{"the container is of another spec", func(s *Situation) { s.Says.Spec = "old" }, Both, ""},
		{"it backs off", func(s *Situation) { s.Says.Phase = control.Backoff }, Both, ""},
		{"somebody has paused the container, of which dockerd tells", func(s *Situation) { s.Says.Paused = true }, Both, ""},
		{"somebody took it off a network", func(s *Situation) { s.Says.Lacks = []string{"apps"} }, Both, ""},
		{"it is up for a second", func(s *Situation) { s.Says.Started = at.Add(-time.Second) }, Both, "announced"},
		{"it shall be made anew, and cannot", func(s *Situation) { s.Says.Error = "container db, whose network it is in, does not run" }, Both, ""},
		{"the host is drained, of which rundockd warns", func(s *Situation) { s.Says.Phase = control.Drained }, Both, ""},
		{"another host runs it", func(s *Situation) { s.Says.Phase, s.Announces.State = control.Standby, control.Unhealthy }, Both, "running announced"},
		{"so of an announce-only service", func(s *Situation) { s.Runner, s.Announces.Drained = module.Process{}, true }, SidecarAlone, ""},
		{"it is not announced", func(s *Situation) { s.Announces.State = control.Unhealthy }, Both, "running"},
		{"the announcement is of the container before", func(s *Situation) { s.Announces.Container = "b" }, Both, "running"},
		{"the sidecar is gone", func(s *Situation) { s.Announcer = module.Process{} }, Both, ""},
		{"an announce-only service is announced", func(s *Situation) { s.Runner = module.Process{} }, SidecarAlone, "running healthy announced"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := good
			c.change(&s)
			w := Wanted{Shape: c.shape, Hash: "h", HealthAnnounced: strings.HasSuffix(c.name, "HEALTHCHECK")}
			if c.shape == SidecarAlone {
				w.Hash = ""
			}
			var got []string
			for _, wait := range []string{"running", "healthy", "announced"} {
				if Reached(s, w, wait, at) {
					got = append(got, wait)
				}
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("reached %q, want %q", got, c.want)
			}
		})
	}
}

func TestLeft_counts_what_was_spent(t *testing.T) {
	for spent, want := range map[int]int{0: 10, 4: 6, 10: 1, 3600: 1} {
		if got := Left(10, spent); got != want {
			t.Errorf("Left(10, %d) = %d, want %d", spent, got, want)
		}
	}
}
