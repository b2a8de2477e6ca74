package plan

import (
	"strings"
	"testing"

	"rundock/internal/control"
	"rundock/internal/module"
	"rundock/internal/runit"
)

// TestSaid: every word that a call can say, and that it is not said where what
// it claims is not so.
func TestSaid(t *testing.T) {
	up := func(pid int) module.Process {
		return module.Process{Supervised: true, Status: runit.Status{PID: pid, State: runit.Run}}
	}
	down := module.Process{Supervised: true, Status: runit.Status{WantDown: true}}
	paused := module.Process{Supervised: true, Status: runit.Status{PID: 7, Paused: true, State: runit.Run}}
	runner := func(p module.Process, container, spec string) Situation {
		return Situation{Standing: module.Standing{Enabled: true}, Shape: RunnerAlone, Outer: p, Runner: p,
			Says: control.RunnerStatus{PID: p.Status.PID, Phase: control.Running, Container: container, Spec: spec, Wanted: spec}}
	}
	beside := func(outer, inner, sidecar, logger module.Process) Situation {
		return Situation{Standing: module.Standing{Enabled: true}, Shape: Both, Outer: outer, Runner: inner, Announcer: sidecar, Loggers: map[string]module.Process{"services/service/log": logger}}
	}
	tell := func(dir, letter, does string) Plan {
		return Plan{Commands: []module.Command{{Dir: dir, Letter: letter, Does: does}}}
	}
	was := runner(up(7), "c1", "old")
	for _, c := range []struct {
		word        string
		plan        Plan
		before      Situation
		so, notSo   Situation
		withoutWait bool
	}{
		{word: "enabled", plan: Plan{Enable: true}, so: was, notSo: Situation{Outer: up(7)}},
		{word: "supervised", plan: Plan{Enable: true}, before: Situation{Standing: module.Standing{Enabled: true}}, so: was, notSo: Situation{Standing: module.Standing{Enabled: true}}},
		{word: "supervision exchanged", plan: Plan{Exchange: true}, before: was, so: beside(up(8), up(9), up(10), up(11)), notSo: was},
		{word: "supervision handed over", plan: tell(".", "h", "supervision handed over"), before: beside(up(7), up(8), up(9), up(10)),
			so: beside(up(11), up(8), up(9), up(10)), notSo: beside(up(7), up(11), up(12), up(13))},
		{word: "runner handed over", plan: tell(".", "h", runnerHandsOver), before: was, so: runner(up(8), "c1", "old"), notSo: was},
		{word: "announcer handed over", plan: tell("services/announce", "h", "announcer handed over"), before: beside(up(7), up(8), up(9), up(10)),
			so: beside(up(7), up(8), up(11), up(10)), notSo: beside(up(7), up(8), module.Process{Supervised: true}, up(10))},
		{word: "runner's logger restarted", plan: tell("services/service/log", "t", "runner's logger restarted"), before: beside(up(7), up(8), up(9), up(10)),
			so: beside(up(7), up(8), up(9), up(11)), notSo: beside(up(7), up(8), up(9), up(10))},
		{word: "runner's logger continued", plan: tell("services/service/log", "c", "runner's logger continued"), before: beside(up(7), up(8), up(9), paused),
			so: beside(up(7), up(8), up(9), up(10)), notSo: beside(up(7), up(8), up(9), paused)},
		{word: "runner started", plan: tell(".", "u", "runner started"), before: runner(down, "", ""), so: was, notSo: runner(down, "", "")},
		{word: "runner continued", plan: tell(".", "c", "runner continued"), before: runner(paused, "", ""), so: was, notSo: runner(paused, "", "")},
		{word: "container replaced", plan: Plan{NewSpec: true}, before: was, so: runner(up(8), "c2", "new"), notSo: runner(up(8), "c1", "old")},
		{word: "container replaced", plan: Plan{NewSpec: true}, before: was, so: runner(up(8), "c2", "new"), notSo: runner(up(8), "c2", "old")},
		{word: "container replaced", plan: Plan{NewSpec: true}, before: was, so: runner(up(8), "c2", "new"), notSo: runner(up(8), "c1", "new")},
		{word: "container restarted", plan: Plan{Replace: true}, before: was, so: runner(up(7), "c2", "new"), notSo: was},
		{word: "container started", plan: Plan{Retry: true}, before: runner(up(7), "", "new"), so: runner(up(7), "c2", "new"), notSo: runner(up(7), "", "new")},
		{word: "container replacement asked for", plan: Plan{NewSpec: true}, before: was, so: runner(up(8), "c1", "new"), notSo: was, withoutWait: true},
		{word: "container removed", plan: Plan{Clear: true}, before: was, so: Situation{Says: control.RunnerStatus{Phase: control.Stopped}}, notSo: Situation{Says: control.RunnerStatus{Phase: control.Stopping}}},
	} {
		t.Run(c.word, func(t *testing.T) {
			deeds := c.plan.Deeds(c.before, Wanted{Hash: "new", Shape: Both}, !c.withoutWait)
			if words, unseen := Words(deeds, c.so, false); strings.Join(words, ",") != c.word || unseen != nil {
				t.Errorf("where it is so, it says %q, and not %q; want %q", words, unseen, c.word)
			}
			if words, unseen := Words(deeds, c.notSo, false); words != nil || strings.Join(unseen, ",") != c.word {
				t.Errorf("where it is not so, it says %q, and not %q; want the latter to be %q", words, unseen, c.word)
			}
			if words, _ := Words(deeds, c.before, true); strings.Join(words, ",") != c.word {
				t.Errorf("check mode says %q, want %q", words, c.word)
			}
		})
	}
}
