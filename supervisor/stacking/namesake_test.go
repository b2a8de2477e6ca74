package stacking

import (
	"slices"
	"strings"
	"testing"

	"rundock/internal/control"
	"rundock/internal/stack/release"
)

// A service of the name that a slot's container gets is refused before anything is changed.
func TestPlan_refuses_a_slot_where_another_service_has_its_name(t *testing.T) {
	b := newBench(t)
	b.stack = "num"
	b.write("services: {a-b: {image: web:1, deploy: {replicas: 3, placement: {max_replicas_per_node: 1}}}}")
	bare := string(b.hosts["node-2"])
	var slot string // of node-2
	for _, line := range b.must(control.StackPlan).Lines {
		if strings.Contains(line, " node-2 ") {
			slot, _, _ = strings.Cut(line, " ")
		}
	}
	number := slot[strings.LastIndex(slot, ".")+1:]
	name := "num-a-b-" + number
	for _, c := range []struct{ has, want string }{
		{`"services":[{"name":"` + name + `","enabled":true}]`, "service " + name + ", which is of no stack"},
		{`"services":[{"name":"` + name + `","stack":"num-a","slot":"b.` + number + `"}]`, "slot b." + number + " of stack num-a, which is called " + name + " as well"},
		{`"services":[{"name":"` + name + `","stack":"num","slot":"` + slot + `"}]`, ""},
		{`"services":[{"name":"` + name + `"}],"unknown":["service ` + name + `: unexpected end of JSON input"]`, ""},
	} {
		b.hosts["node-2"] = []byte(strings.TrimSuffix(bare, "}") + "," + c.has + "}")
		a := b.ask(control.StackPlan)
		if c.want == "" {
			if a.Error != "" {
				t.Errorf("where node-2 says %s: %s", c.has, a.Error)
			}
			continue
		}
		if want := slot + " refused: node-2 has " + c.want + ": remove that one first, or give one of them another name"; !strings.Contains(a.Error, want) || !slices.Contains(a.Lines, want) {
			t.Errorf("where node-2 says %s: %q, lines %q, want %q", c.has, a.Error, a.Lines, want)
		}
		if a := b.ask(control.StackBegin); a.Error == "" || len(b.keys()) > 0 {
			t.Errorf("a run: %+v, and the store has %q", a, b.keys())
		}
	}
}

// What an undone release removes is its own alone: hosts are told which slot is meant.
func TestUndone_slot_is_removed_by_its_stack_and_slot(t *testing.T) {
	b := newBench(t)
	b.stack = "num"
	b.write("services: {a: {image: web:1}}")
	b.roll(b.must(control.StackBegin), "monitor")
	undo := b.must(control.StackFail, func(q *control.StackRequest) { q.Why = "it is not well" })
	var services []map[string]any
	for _, w := range undo.Waves {
		for _, work := range w.Hosts {
			services = append(services, work.Services...)
		}
	}
	if len(services) != 1 || services[0]["name"] != "num-a-1" || services[0]["state"] != "absent" || services[0]["stack"] != "num" || services[0]["slot"] != "a.1" {
		t.Errorf("undoing has %v", services)
	}
	b.roll(undo, "")
	b.must(control.StackUndone)
	b.must(control.StackEnd)
}

// A stack of which no release became current is removed as any other.
func TestAbsent_removes_a_stack_whose_first_release_was_undone(t *testing.T) {
	b := newBench(t)
	b.withShop()
	b.roll(b.must(control.StackBegin), "monitor")
	undo := b.must(control.StackFail, func(q *control.StackRequest) { q.Why = "it is not well" })
	b.roll(undo, "")
	b.must(control.StackUndone)
	b.must(control.StackEnd)
	if v := b.view(); v.Current != 0 || len(v.Blobs) == 0 || v.Latest().State != release.Undone {
		t.Fatalf("after the undoing: %+v", v)
	}
	planned := b.must(control.StackPlan, absent)
	if !planned.Changed || planned.Lines[0] != "shop: hosts have none of it: what the store has is removed" {
		t.Errorf("planned: changed is %v, lines = %q", planned.Changed, planned.Lines)
	}
	gone := b.must(control.StackBegin, absent, func(q *control.StackRequest) { q.Expect = planned.Plan })
	if !gone.Changed || len(gone.Waves) > 0 || !slices.Equal(gone.Lines, planned.Lines) {
		t.Errorf("removed: %+v", gone)
	}
	if keys := b.keys(); len(keys) > 0 {
		t.Errorf("the store has %q", keys)
	}
	if a := b.must(control.StackPlan, absent); a.Changed || a.Lines[0] != "shop: nothing to do" {
		t.Errorf("after that: %q", a.Lines)
	}
}
