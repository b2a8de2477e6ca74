package stacking

import (
	"slices"
	"testing"

	"rundock/internal/control"
)

// Where an image cannot be pulled nothing is to be undone, and the play says so.
func TestFail_before_anything_was_changed_says_that_all_is_as_before(t *testing.T) {
	b := newBench(t)
	b.withShop()
	b.deploy()
	b.changed()
	begun := b.must(control.StackBegin)
	b.must(control.StackWave, func(q *control.StackRequest) { q.Wave = begun.Waves[0].Number })
	a := b.must(control.StackFail, func(q *control.StackRequest) { q.Why = "node-2: pull image web:2: no such image" })
	if len(a.Waves) > 0 || a.Settle != "" || !slices.Equal(a.Notes, []string{"nothing was changed: all is as before, release 1"}) {
		t.Errorf("waves = %v, settle = %q, notes = %q", a.Waves, a.Settle, a.Notes)
	}
	b.must(control.StackEnd)
}
