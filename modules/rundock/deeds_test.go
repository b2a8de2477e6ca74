package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"rundock/internal/await"
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
	runner := func(p module.Process, container, spec string) situation {
		return situation{Standing: module.Standing{Enabled: true}, Shape: runnerAlone, Outer: p, Runner: p,
			Says: control.RunnerStatus{PID: p.Status.PID, Phase: control.Running, Container: container, Spec: spec, Wanted: spec}}
	}
	beside := func(outer, inner, sidecar, logger module.Process) situation {
		return situation{Standing: module.Standing{Enabled: true}, Shape: both, Outer: outer, Runner: inner, Announcer: sidecar, Loggers: map[string]module.Process{"services/service/log": logger}}
	}
	tell := func(dir, letter, does string) plan {
		return plan{Commands: []module.Command{{Dir: dir, Letter: letter, Does: does}}}
	}
	was := runner(up(7), "c1", "old")
	for _, c := range []struct {
		word        string
		plan        plan
		before      situation
		so, notSo   situation
		withoutWait bool
	}{
		{word: "enabled", plan: plan{Enable: true}, so: was, notSo: situation{Outer: up(7)}},
		{word: "supervised", plan: plan{Enable: true}, before: situation{Standing: module.Standing{Enabled: true}}, so: was, notSo: situation{Standing: module.Standing{Enabled: true}}},
		{word: "supervision exchanged", plan: plan{Exchange: true}, before: was, so: beside(up(8), up(9), up(10), up(11)), notSo: was},
		{word: "supervision handed over", plan: tell(".", "h", "supervision handed over"), before: beside(up(7), up(8), up(9), up(10)),
			so: beside(up(11), up(8), up(9), up(10)), notSo: beside(up(7), up(11), up(12), up(13))},
		{word: "runner handed over", plan: tell(".", "h", runnerHandsOver), before: was, so: runner(up(8), "c1", "old"), notSo: was},
		{word: "announcer handed over", plan: tell("services/announce", "h", "announcer handed over"), before: beside(up(7), up(8), up(9), up(10)),
			so: beside(up(7), up(8), up(11), up(10)), notSo: beside(up(7), up(8), module.Process{Supervised: true}, up(10))},
		{word: "runner's logger restarted", plan: tell("services/service/log", "t", "runner's logger restarted"), before: beside(up(7), up(8), up(9), up(10)),
			so: beside(up(7), up(8), up(9), up(11)), notSo: beside(up(7), up(8), up(9), up(10))},
		{word: "runner started", plan: tell(".", "u", "runner started"), before: runner(down, "", ""), so: was, notSo: runner(down, "", "")},
		{word: "runner continued", plan: tell(".", "c", "runner continued"), before: runner(paused, "", ""), so: was, notSo: runner(paused, "", "")},
		{word: "container replaced", plan: plan{NewSpec: true}, before: was, so: runner(up(8), "c2", "new"), notSo: runner(up(8), "c1", "old")},
		{word: "container replaced", plan: plan{NewSpec: true}, before: was, so: runner(up(8), "c2", "new"), notSo: runner(up(8), "c2", "old")},
		{word: "container replaced", plan: plan{NewSpec: true}, before: was, so: runner(up(8), "c2", "new"), notSo: runner(up(8), "c1", "new")},
		{word: "container restarted", plan: plan{Replace: true}, before: was, so: runner(up(7), "c2", "new"), notSo: was},
		{word: "container started", plan: plan{Retry: true}, before: runner(up(7), "", "new"), so: runner(up(7), "c2", "new"), notSo: runner(up(7), "", "new")},
		{word: "container replacement asked for", plan: plan{NewSpec: true}, before: was, so: runner(up(8), "c1", "new"), notSo: was, withoutWait: true},
		{word: "container removed", plan: plan{Clear: true}, before: was, so: situation{Says: control.RunnerStatus{Phase: control.Stopped}}, notSo: situation{Says: control.RunnerStatus{Phase: control.Stopping}}},
	} {
		t.Run(c.word, func(t *testing.T) {
			now := task{deeds: c.plan.deeds(c.before, wanted{hash: "new", shape: both}, !c.withoutWait)}
			if words, unseen := now.resultWords(c.so); strings.Join(words, ",") != c.word || unseen != nil {
				t.Errorf("where it is so, it says %q, and not %q; want %q", words, unseen, c.word)
			}
			if words, unseen := now.resultWords(c.notSo); words != nil || strings.Join(unseen, ",") != c.word {
				t.Errorf("where it is not so, it says %q, and not %q; want the latter to be %q", words, unseen, c.word)
			}
			now.check = true
			if words, _ := now.resultWords(c.before); strings.Join(words, ",") != c.word {
				t.Errorf("check mode says %q, want %q", words, c.word)
			}
		})
	}
}

// TestDockerdIsAway while a service is to go: with live-restore its container
// runs on, and nothing that is said may hide that.
func TestDockerdIsAway(t *testing.T) {
	m := onHost(t)
	const down = "/run/standin/docker-down"
	m.apply("state=enabled name=on announce=80 image=app:1")
	m.events("on")
	must(t, os.WriteFile(down, nil, 0o644))
	for _, state := range []string{"disabled", "absent"} {
		if a := m.call("state="+state+" name=on", "check_mode"); !a.Failed || a.Changed || len(a.Actions) > 0 || len(a.Diff) > 0 {
			t.Errorf("check of %s says %s, want that it would fail", state, a.raw)
		}
	}
	a := m.call("state=disabled name=on")
	if want := "on is disabled, but it is not known to be stopped: dockerd is away"; !a.Failed || a.Msg != want {
		t.Errorf("disabled says %s, want it to fail with %s", a.raw, want)
	}
	m.wantActions(a, "disabled")
	for _, mode := range [][]string{{"check_mode"}, nil} {
		if a := m.call("state=disabled name=on", mode...); !a.Failed || len(a.Actions) > 0 {
			t.Errorf("disabled again %v says %s, want it to fail", mode, a.raw)
		}
	}
	m.wantEvents("on", "withdrawn")
	must(t, os.Remove(down))
	m.wantActions(m.apply("state=disabled name=on"), "container removed")
	m.wantEvents("on", "container 1 removed")
	m.apply("state=enabled name=on announce=80 image=app:1")
	m.events("on")

	must(t, os.WriteFile(down, nil, 0o644))
	a = m.call("state=enabled name=on announce=80")
	if !a.Failed || !strings.Contains(a.Msg, "dockerd is away") {
		t.Errorf("without its container, the service is made: %s", a.raw)
	}
	must(t, os.Remove(down))
	m.apply("state=enabled name=on announce=80")
	m.wantEvents("on", "withdrawn", "announced port 80", "container 2 removed")
	m.apply("state=absent name=on")
}

// TestFoldersDeletedByHand: what a service may have left runs on when its
// service directory, its link and its status are deleted, and only dockerd
// knows.
func TestFoldersDeletedByHand(t *testing.T) {
	m := onHost(t)
	const down = "/run/standin/docker-down"
	for _, args := range []string{"", " announce=80"} {
		m.apply("state=enabled name=torn image=app:1" + args)
		m.events("torn")
		must(t, os.WriteFile(down, nil, 0o644))
		for _, path := range []string{"/etc/service/docker-torn", "/etc/sv/docker-torn"} {
			must(t, os.RemoveAll(path))
		}
		await.Nil(t, "the status is deleted", func() error { return os.RemoveAll("/run/rundock/torn") })
		for call := range 2 {
			a := m.call("state=disabled name=torn")
			if want := "torn is disabled, but it is not known to be stopped: dockerd is away"; !a.Failed || a.Msg != want || len(a.Actions) > 0 {
				t.Errorf("disabled says, %d calls after that, %s, want it to fail with %s", call, a.raw, want)
			}
		}
		must(t, os.Remove(down))
		a := m.call("state=disabled name=torn")
		if a.Failed {
			t.Errorf("disabled fails: %s", a.raw)
		}
		m.wantActions(a, "container removed")
		if a := m.call("state=disabled name=torn"); a.Failed || a.Changed {
			t.Errorf("disabled again: %s", a.raw)
		}
		m.apply("state=absent name=torn")
	}
}

// TestCheckModeRefuses what the call refuses, and predicts nothing then.
func TestCheckModeRefuses(t *testing.T) {
	m := onHost(t)
	must(t, os.WriteFile("/run/standin/refusal", []byte("a container named web is there that rundock did not make\n"), 0o644))
	for _, args := range []string{"state=enabled name=web image=app:1", "state=restarted name=web announce=80 image=app:1"} {
		a := m.call(args, "check_mode")
		if !a.Failed || !strings.Contains(a.Msg, "rundock did not make") || a.Changed || len(a.Actions) > 0 || len(a.Diff) > 0 {
			t.Errorf("check of %s says %s, want it to fail as the call does", args, a.raw)
		}
		m.refuses(args, "rundock did not make")
	}
}

// TestAStoppedProcessIsContinued: what a STOP holds up does nothing, whatever
// its status says.
func TestAStoppedProcessIsContinued(t *testing.T) {
	m := onHost(t)
	const args = "state=enabled name=still announce=80 wait=announced image=app:1"
	m.apply(args)
	for _, half := range []struct{ dir, action string }{
		{"/etc/sv/docker-still/services/announce", "announcer continued"},
		{"/etc/sv/docker-still/services/service", "runner continued"},
		{"/etc/sv/docker-still", "continued"},
	} {
		s, err := runit.ReadStatus(half.dir)
		must(t, err)
		must(t, exec.Command("kill", "-STOP", strconv.Itoa(s.PID)).Run())
		await.True(t, "it is stopped", func() bool {
			s, err := runit.ReadStatus(half.dir)
			return err == nil && s.Paused
		})
		m.wantActions(m.apply(args), half.action)
	}
	m.apply("state=absent name=still")
}
