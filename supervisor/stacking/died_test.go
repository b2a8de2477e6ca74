package stacking

import (
	"slices"
	"strings"
	"testing"

	"rundock/internal/control"
	"rundock/internal/stack/release"
)

// dies has a run of another release of four fail in its wave, since node-2 has died. It
// returns the way back.
func (b *bench) dies() control.StackAnswer {
	b.Helper()
	b.write(four)
	b.deploy()
	b.write(strings.ReplaceAll(four, "web:1", "web:2"))
	b.roll(b.must(control.StackBegin), "monitor")
	back := b.must(control.StackFail, func(q *control.StackRequest) { q.Why = "node-2: it cannot be reached any more" })
	if back.Settle != control.StackUndone || !hasWork(back.Waves, "node-2") {
		b.Fatalf("the way back: %+v", back)
	}
	b.must(control.StackEnd)
	b.run = "two"
	return back
}

// hasWork reports whether a host does something in one of the waves.
func hasWork(waves []control.StackWork, host string) bool {
	return slices.ContainsFunc(waves, func(w control.StackWork) bool { _, has := w.Hosts[host]; return has })
}

// A host that dies in the middle of a wave and is back has its part of the release undone by
// the next run, before that does anything else.
func TestRun_after_a_host_died_undoes_its_part_once_it_is_back(t *testing.T) {
	b := newBench(t)
	back := b.dies()
	again := b.must(control.StackBegin)
	if again.Settle != control.StackUndone || !slices.Equal(slotsOf(again.Waves), slotsOf(back.Waves)) {
		t.Errorf("the next run begins with %s: %q, want what was left: %q", again.Settle, slotsOf(again.Waves), slotsOf(back.Waves))
	}
	b.must(control.StackUndone)
	if a := b.deploy(); a.Lines[0] != "shop: release 3 from 1: 4 replaced" {
		t.Errorf("then: %q", a.Lines)
	}
}

// Where it is given up nothing is asked of it, neither to undo what it had of the release
// nor after that; and what it had is elsewhere.
func TestRun_after_a_host_died_goes_on_without_it_where_it_is_lost(t *testing.T) {
	b := newBench(t)
	b.dies()
	b.hosts["node-2"] = nil
	lost := func(q *control.StackRequest) { q.Lost = []string{"node-2"} }
	undo := b.must(control.StackBegin, lost)
	if undo.Settle != control.StackUndone || !hasWork(undo.Waves, "node-1") || hasWork(undo.Waves, "node-2") {
		t.Errorf("what was left is undone by %s: %q", undo.Settle, slotsOf(undo.Waves))
	}
	b.must(control.StackUndone)
	a := b.deploy(lost)
	if hasWork(a.Waves, "node-2") || len(b.places()["node-2"]) > 0 || b.view().Base().Number != 3 {
		t.Errorf("then: %q, with instances on %v", slotsOf(a.Waves), b.places())
	}
}

// The same of a host that died after the commit, with what left still to be stopped.
func TestRun_settles_without_a_host_that_is_lost(t *testing.T) {
	b := newBench(t)
	b.write(four)
	b.deploy()
	b.roll(b.must(control.StackBegin, func(q *control.StackRequest) { q.Scale = map[string]int{"web": 1} }), "stop what moved or is not wanted")
	b.must(control.StackEnd)
	b.run = "two"
	if v := b.view(); v.Base().State != release.Current || v.Base().Done {
		t.Fatalf("release %d is %s, done: %v", v.Base().Number, v.Base().State, v.Base().Done)
	}
	host := "node-2"
	if len(b.places()[host]) > 0 { // it has the one that is wanted
		host = "node-3"
	}
	if a := b.must(control.StackBegin); a.Settle != control.StackDone || !hasWork(a.Waves, host) {
		t.Errorf("what left is stopped by %s: %q", a.Settle, slotsOf(a.Waves))
	}
	if a := b.must(control.StackBegin, func(q *control.StackRequest) { q.Lost = []string{host} }); a.Settle != control.StackDone || hasWork(a.Waves, host) {
		t.Errorf("where %s is lost, what left is stopped by %s: %q", host, a.Settle, slotsOf(a.Waves))
	}
	b.must(control.StackEnd)
}
