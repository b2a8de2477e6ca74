package stacking

import (
	"slices"
	"strings"
	"testing"

	"rundock/internal/control"
)

const isUnlisted = " is not among the hosts of the inventory (put it back there, or give it up by stack_lost)"

func TestHost_that_was_taken_out_of_the_inventory_keeps_what_it_has_unless_that_is_to_change(t *testing.T) {
	b := newBench(t)
	text := "services: {web: {image: web:1, deploy: {replicas: 3}}, cron: {image: db:1, restart: no, deploy: {mode: global-job}}}"
	b.write(text)
	b.deploy()
	was := b.places()["node-2"]
	b.hosts["node-2"] = nil
	if a := b.must(control.StackPlan); a.Changed {
		t.Errorf("unreachable, and nothing is to change: %q", a.Lines)
	}
	delete(b.hosts, "node-2")
	web := was[slices.IndexFunc(was, func(slot string) bool { return strings.HasPrefix(slot, "web.") })]
	cron := was[slices.IndexFunc(was, func(slot string) bool { return strings.HasPrefix(slot, "cron.") })]

	same := b.ask(control.StackBegin)
	if want := cron + ", " + web + ": node-2" + isUnlisted + ", and keeps what it has"; same.Error != "" || same.Changed || !slices.Contains(same.Notes, want) {
		t.Errorf("nothing is to change: %q, %q, want note %q", same.Error, same.Notes, want)
	}
	b.write(strings.Replace(text, "web:1", "web:2", 1))
	for _, step := range []control.StackStep{control.StackPlan, control.StackBegin} {
		a := b.ask(step)
		for _, want := range []string{web + " refused: node-2" + isUnlisted + ", where it is to be replaced: image", cron + " refused: node-2" + isUnlisted + ", where it is to run: a job"} {
			if !strings.Contains(a.Error, want) {
				t.Errorf("%s of a change of web: %q, want %q", step, a.Error, want)
			}
		}
	}
	if a, want := b.ask(control.StackBegin, absent), web+" refused: node-2"+isUnlisted+", where it is to be stopped: the service is gone"; !strings.Contains(a.Error, want) {
		t.Errorf("absent: %q, want %q", a.Error, want)
	}
	if v := b.view(); v.Current != 1 || v.Latest().Number != 1 || v.Lock != nil {
		t.Errorf("after that, release %d is current, %d the latest, the lock is %v", v.Current, v.Latest().Number, v.Lock)
	}
	if a := b.deploy(func(q *control.StackRequest) { q.Lost = []string{"node-2"} }); hasWork(a.Waves, "node-2") || len(b.places()["node-2"]) > 0 {
		t.Errorf("where it is given up: %q", a.Lines)
	}
}

func TestStandby_of_a_host_that_was_taken_out_of_the_inventory(t *testing.T) {
	b := newBench(t)
	text := "services: {web: {image: web:1, environment: [reschedule:on-node-failure]}}"
	b.write(text)
	b.deploy()
	slots := b.view().Base().Slots
	standby := ""
	for _, s := range slots {
		standby = s.Standby
	}
	delete(b.hosts, standby)
	if a := b.must(control.StackPlan); a.Changed || len(a.Notes) == 0 || !strings.Contains(a.Notes[0], standby+", which has its standby, is not among the hosts") {
		t.Errorf("nothing is to change: %q, %q", a.Lines, a.Notes)
	}
	b.write(strings.Replace(text, "web:1", "web:2", 1))
	if a, want := b.ask(control.StackPlan), "web.1 refused: "+standby+isUnlisted+", where its standby is to be replaced: image"; !strings.Contains(a.Error, want) {
		t.Errorf("a change of web: %q, want %q", a.Error, want)
	}
}

// What was removed by hand is not made again where that replaces something on such a host.
func TestInstance_that_was_removed_by_hand_and_takes_another_with_it(t *testing.T) {
	b := newBench(t)
	b.write("services: {web: {image: web:1, depends_on: {db: {condition: service_started, restart: true}}}, db: {image: db:1}}")
	b.deploy()
	hosts := b.places()
	for host, slots := range hosts {
		if slots[0] == "web.1" {
			delete(b.hosts, host)
		} else {
			b.runs(host, nil)
		}
	}
	if len(hosts) != 2 {
		t.Fatalf("they are on %v", hosts)
	}
	for _, step := range []control.StackStep{control.StackPlan, control.StackBegin} {
		if a, want := b.ask(step), isUnlisted+", where it is to be replaced: with db, which it depends on with restart"; !strings.Contains(a.Error, want) || len(a.Waves) > 0 {
			t.Errorf("%s: %q, want %q", step, a.Error, want)
		}
	}
}

// What an earlier run has left is settled on all of its hosts, or not begun.
func TestRun_after_a_host_that_died_was_taken_out_of_the_inventory(t *testing.T) {
	b := newBench(t)
	b.dies()
	delete(b.hosts, "node-2")
	for _, step := range []control.StackStep{control.StackPlan, control.StackBegin} {
		a := b.ask(step)
		if want := "cannot be settled: node-2" + isUnlisted + ": replace web."; !strings.Contains(a.Error, want) || len(a.Waves) > 0 {
			t.Errorf("%s: %q, want %q", step, a.Error, want)
		}
	}
	lost := func(q *control.StackRequest) { q.Lost = []string{"node-2"} }
	undo := b.must(control.StackBegin, lost)
	if undo.Settle != control.StackUndone || hasWork(undo.Waves, "node-2") {
		t.Errorf("where it is given up, what was left is undone by %s: %q", undo.Settle, slotsOf(undo.Waves))
	}
	b.must(control.StackUndone)
	b.deploy(lost)
}

// The release that an earlier run has left may be the first one.
func TestHost_that_only_an_undone_release_was_on_can_be_given_up(t *testing.T) {
	b := newBench(t)
	b.write(four)
	b.roll(b.must(control.StackBegin), "monitor")
	b.must(control.StackEnd)
	b.run = "two"
	delete(b.hosts, "node-2")
	if a := b.ask(control.StackBegin); !strings.Contains(a.Error, "cannot be settled: node-2"+isUnlisted) {
		t.Errorf("not given up: %q", a.Error)
	}
	lost := func(q *control.StackRequest) { q.Lost = []string{"node-2"} }
	if undo := b.must(control.StackBegin, lost); undo.Settle != control.StackUndone || hasWork(undo.Waves, "node-2") {
		t.Errorf("what was left is undone by %s: %q", undo.Settle, slotsOf(undo.Waves))
	}
	b.must(control.StackUndone)
	b.deploy(lost)
}
