package module

import (
	"slices"
	"testing"

	"rundock/internal/fstree"
	"rundock/internal/runit"
)

func TestPlan(t *testing.T) {
	there := Standing{Installed: true, Enabled: true}
	runs := Process{Supervised: true, Status: runit.Status{State: runit.Run, PID: 7}}
	with := func(change func(*runit.Status)) Process {
		p := runs
		change(&p.Status)
		return p
	}
	change := func(path string) fstree.Changes { return fstree.Changes{List: []fstree.Change{{Path: path}}} }
	for _, c := range []struct {
		claim   string
		now     Daemon
		anew    bool
		service fstree.Changes
		want    []string
	}{
		{"all as it should be", Daemon{there, runs, runs}, false, fstree.Changes{}, nil},
		{"nothing there", Daemon{}, true, change("run"), []string{"enabled"}},
		{"linked, and not seen by runsvdir", Daemon{Standing: there}, false, fstree.Changes{}, []string{"supervised"}},
		{"something to read", Daemon{there, runs, runs}, true, fstree.Changes{}, []string{"agent handed over"}},
		{"another script", Daemon{there, runs, runs}, false, change("run"), []string{"agent handed over"}},
		{"another script, of the logger", Daemon{there, runs, runs}, false, change("log/run"), []string{"agent's logger restarted"}},
		{"one between two starts reads it anyway", Daemon{there, with(func(s *runit.Status) { s.PID = 0 }), runs}, true, fstree.Changes{}, nil},
		{"one that ends is started, and reads it", Daemon{there, with(func(s *runit.Status) { s.WantDown, s.GotTerm = true, true }), runs}, true, fstree.Changes{}, []string{"agent started"}},
		{"one that is not started again, and runs on", Daemon{there, with(func(s *runit.Status) { s.WantDown = true }), runs}, true, fstree.Changes{}, []string{"agent started", "agent handed over"}},
		{"one that was paused", Daemon{there, with(func(s *runit.Status) { s.Paused = true }), runs}, false, fstree.Changes{}, []string{"agent continued"}},
		{"a logger that was paused", Daemon{there, runs, with(func(s *runit.Status) { s.Paused = true })}, false, fstree.Changes{}, []string{"agent's logger continued"}},
		{"a logger whose folder is gone", Daemon{there, runs, Process{Supervised: true, Status: runs.Status, Stale: true}}, false, fstree.Changes{}, []string{"agent's logger restarted"}},
		{"a logger that was stopped", Daemon{there, runs, with(func(s *runit.Status) { s.WantDown = true })}, false, change("log/run"), []string{"agent's logger started"}},
	} {
		if got := c.now.Plan("agent", c.anew, c.service).Words(c.now, ""); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.claim, got, c.want)
		}
	}
}
