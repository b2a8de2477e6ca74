package plan

import (
	"testing"

	"rundock/internal/control"
	"rundock/internal/module"
	"rundock/internal/runit"
)

// TestTookEffect: a call goes on once the runsvs have done what they were told,
// not once the processes merely are there.
func TestTookEffect(t *testing.T) {
	running := module.Process{Supervised: true, Status: runit.Status{PID: 7, State: runit.Run}}
	paused := module.Process{Supervised: true, Status: runit.Status{PID: 7, State: runit.Run, Paused: true}}
	down := module.Process{Supervised: true, Status: runit.Status{PID: 7, State: runit.Run, WantDown: true}}
	next := module.Process{Supervised: true, Status: runit.Status{PID: 8, State: runit.Run}}
	pair := func(outer, runner, announcer module.Process) Situation {
		return Situation{Shape: Both, Outer: outer, Runner: runner, Announcer: announcer,
			Says:      control.RunnerStatus{PID: 7},
			Announces: control.AnnounceStatus{PID: 7}}
	}
	logged := func(logger module.Process) Situation {
		s := pair(running, running, running)
		s.Loggers = map[string]module.Process{"services/service/log": logger}
		return s
	}
	for _, c := range []struct {
		name   string
		told   module.Command
		before Situation
		now    Situation
		want   bool
	}{
		{"nothing is told", module.Command{}, pair(running, running, running), pair(running, running, running), true},
		{"the service is paused still", module.Command{Dir: ".", Letter: "c"}, pair(paused, running, running), pair(paused, running, running), false},
		{"the service goes on", module.Command{Dir: ".", Letter: "c"}, pair(paused, running, running), pair(running, running, running), true},
		{"the runner is paused still", module.Command{Dir: Both.Runner, Letter: "c"}, pair(running, paused, running), pair(running, paused, running), false},
		{"the runner goes on", module.Command{Dir: Both.Runner, Letter: "c"}, pair(running, paused, running), pair(running, running, running), true},
		{"the sidecar is paused still", module.Command{Dir: Both.Sidecar, Letter: "c"}, pair(running, running, paused), pair(running, running, paused), false},
		{"the runner is wanted down still", module.Command{Dir: Both.Runner, Letter: "u"}, pair(running, down, running), pair(running, down, running), false},
		{"the runner of before is there still", module.Command{Dir: Both.Runner, Letter: "h"}, pair(running, running, running), pair(running, running, running), false},
		{"its successor has no status yet", module.Command{Dir: Both.Runner, Letter: "h"}, pair(running, running, running), pair(running, next, running), false},
		{"those that a killed outer runsv left have not handed over", module.Command{}, pair(module.Process{}, running, running), pair(running, running, running), false},
		{"the service is supervised for the first time", module.Command{}, Situation{}, pair(running, running, running), true},
		{"the logger of before is there still", module.Command{Dir: "services/service/log", Letter: "t"}, logged(running), logged(running), false},
		{"the logger is another", module.Command{Dir: "services/service/log", Letter: "t"}, logged(running), logged(next), true},
	} {
		var p Plan
		if c.told.Dir != "" {
			p.Commands = []module.Command{c.told}
		}
		if got := p.TookEffect(Both, c.before, c.now); got != c.want {
			t.Errorf("%s: TookEffect = %v, want %v", c.name, got, c.want)
		}
	}
}
