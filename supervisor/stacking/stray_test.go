package stacking

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"rundock/internal/control"
)

// tell has hosts say which instances of the current release they have: all, as by
// default, or as instead says by slot: "" is not there.
func (b *bench) tell(instead map[string]string) {
	b.Helper()
	on := map[string][]string{}
	for slot, at := range b.view().Base().Slots {
		for _, host := range []string{at.Host, at.Standby} {
			says, other := instead[slot.String()]
			if !other {
				says = `"enabled":true`
			}
			if host != "" && says != "" {
				on[host] = append(on[host], fmt.Sprintf(`{"name":%q,"stack":"shop",%s}`, slot.Container("shop"), says))
			}
		}
	}
	for host := range b.hosts {
		var f map[string]any
		if err := json.Unmarshal(b.hosts[host], &f); err != nil {
			b.Fatal(err)
		}
		f["services"] = json.RawMessage("[" + strings.Join(on[host], ",") + "]")
		b.hosts[host], _ = json.Marshal(f)
	}
}

// slots are the slots of entries in waves, by the waves' titles.
func slotsOf(waves []control.StackWork) (all []string) {
	for _, w := range waves {
		var slots []string
		for _, host := range w.Hosts {
			for _, s := range host.Services {
				words := fmt.Sprint(s["slot"], " ", s["state"])
				if s["role"] != nil {
					words += fmt.Sprint(" ", s["role"])
				}
				slots = append(slots, words)
			}
		}
		slices.Sort(slots)
		all = append(all, w.Title+": "+strings.Join(slots, ", "))
	}
	return all
}

func TestStrays_are_made_again(t *testing.T) {
	b := newBench(t)
	b.withShop()
	b.deploy()
	at := map[string]string{}
	for slot, s := range b.view().Base().Slots {
		at[slot.String()] = s.Host
	}
	for _, c := range []struct {
		claim   string
		instead map[string]string
		lines   []string
		waves   []string
	}{
		{"all is there", nil, []string{"shop: nothing to do"}, nil},
		{"one was removed", map[string]string{"web.1": ""}, []string{"shop: release 1 stays: 1 made again", "web.1 " + at["web.1"] + " made again: it was removed by hand"},
			[]string{"pull images, and create containers on trial: ", "web: web.1 enabled", "monitor: web.1 enabled"}},
		{"two, in order", map[string]string{"web.2": `"enabled":false`, "db.1": ""}, []string{"shop: release 1 stays: 2 made again", "db.1 " + at["db.1"] + " made again: it was removed by hand", "web.2 " + at["web.2"] + " made again: it was disabled by hand"},
			[]string{"pull images, and create containers on trial: ", "db: db.1 enabled", "web: web.2 enabled", "monitor: db.1 enabled, web.2 enabled"}},
		{"one is masked", map[string]string{"web.1": `"enabled":false,"held":true`}, []string{"shop: nothing to do"}, nil},
	} {
		t.Run(c.claim, func(t *testing.T) {
			b := *b
			b.T = t
			b.tell(c.instead)
			planned := b.must(control.StackPlan)
			begun := b.must(control.StackBegin, func(q *control.StackRequest) { q.Expect = planned.Plan })
			for _, lines := range [][]string{planned.Lines, begun.Lines} {
				if len(c.waves) > 0 {
					lines = lines[:len(lines)-1] // plan=
				}
				if !slices.Equal(lines, c.lines) {
					t.Errorf("lines = %q, want %q", lines, c.lines)
				}
			}
			got := slotsOf(begun.Waves)
			if len(c.waves) > 0 {
				got = slices.DeleteFunc(got, func(w string) bool { return strings.HasPrefix(w, "networks") }) // where it was the host's last
			}
			if planned.Changed != (len(c.waves) > 0) || !slices.Equal(got, c.waves) {
				t.Errorf("changed = %v, waves = %q, want %q", planned.Changed, got, c.waves)
			}
			if len(c.waves) > 0 {
				b.roll(begun, "")
				b.must(control.StackDone)
				b.must(control.StackEnd)
			}
			if v := b.view(); v.Current != 1 || len(v.Releases) != 1 || v.Lock != nil || !v.Base().Done {
				t.Errorf("after it, current = %d of %d, lock = %v", v.Current, len(v.Releases), v.Lock)
			}
		})
	}
	b.tell(map[string]string{"web.1": ""})
	b.hosts[at["web.1"]] = nil
	if a := b.must(control.StackPlan); a.Changed {
		t.Errorf("a host that cannot be reached: %v", a.Lines)
	}
}

// A release that was undone is newer than the current one, of which instances are made
// again; what fails then leaves both as they are.
func TestStrays_after_a_release_that_was_undone(t *testing.T) {
	b := newBench(t)
	b.withShop()
	b.deploy()
	b.changed()
	b.roll(b.must(control.StackBegin), "monitor")
	b.must(control.StackFail, func(q *control.StackRequest) { q.Why = "no" })
	b.must(control.StackUndone)
	b.must(control.StackEnd)
	b.withShop()
	for _, fails := range []bool{false, true} {
		b.tell(map[string]string{"web.1": ""})
		begun := b.must(control.StackBegin)
		if len(begun.Waves) == 0 {
			t.Fatalf("nothing is made again: %v", begun.Lines)
		}
		b.roll(begun, "")
		if fails {
			if a := b.must(control.StackFail, func(q *control.StackRequest) { q.Why = "no" }); len(a.Waves) > 0 || a.Settle != "" {
				t.Errorf("what fails is undone: %+v", a)
			}
		} else {
			b.must(control.StackDone)
		}
		b.must(control.StackEnd)
		if v := b.view(); v.Current != 1 || v.Latest().State != "undone" || v.Latest().Done || !v.Base().Done {
			t.Errorf("after it, current = %d, release %d is %s", v.Current, v.Latest().Number, v.Latest().State)
		}
	}
}

// A job that has ended has its container for people to look at: without it nothing is lacking.
func TestStrays_are_no_jobs(t *testing.T) {
	b := newBench(t)
	b.write(withJob)
	b.deploy()
	b.tell(map[string]string{"migrate.1": ""})
	if a := b.must(control.StackPlan); a.Changed {
		t.Errorf("without the job's container: %v", a.Lines)
	}
	b.tell(map[string]string{"db.1": ""})
	if a := b.deploy(); !a.Changed || strings.Contains(strings.Join(slotsOf(a.Waves), ";"), "migrate") {
		t.Errorf("without db: %v, %v", a.Lines, slotsOf(a.Waves))
	}
}

func TestStrays_of_standbys(t *testing.T) {
	b := newBench(t)
	b.write("services: {web: {image: web:1, environment: [reschedule:on-node-failure]}}")
	if words := strings.Join(slotsOf(b.deploy().Waves), "; "); !strings.Contains(words, "web: web.1 enabled main; standbys: web.1 enabled standby") {
		t.Errorf("the first run has %s", words)
	}
	b.tell(nil)
	if a := b.must(control.StackPlan); a.Changed {
		t.Errorf("with its standby: %v", a.Lines)
	}
	b.tell(map[string]string{"web.1": `"enabled":false`})
	if a := b.must(control.StackPlan); !a.Changed {
		t.Error("with both disabled nothing is to do")
	}
	b.tell(map[string]string{"web.1": ""})
	if a := b.must(control.StackPlan); !a.Changed {
		t.Error("without both nothing is to do")
	}
	for slot, s := range b.view().Base().Slots {
		b.tell(map[string]string{"web.1": `"enabled":true,"state":"running"`})
		if a := b.must(control.StackPlan); a.Changed || !slices.Contains(a.Notes, fmt.Sprintf("%s runs on its standby %s, where sv restart docker-shop-web-1 gives it back to %s", slot, s.Standby, s.Host)) {
			t.Errorf("with a standby that has taken over: %v, %v", a.Lines, a.Notes)
		}
		b.tell(nil)
		var f map[string]any
		json.Unmarshal(b.hosts[s.Standby], &f)
		f["services"] = []any{}
		b.hosts[s.Standby], _ = json.Marshal(f)
		if a := b.deploy(); !a.Changed || !slices.Contains(slotsOf(a.Waves), "standbys: "+slot.String()+" enabled standby") {
			t.Errorf("without the standby: %v, %v", a.Lines, slotsOf(a.Waves))
		}
	}
}

// The way back from a release with standbys, and from one without them again, says of which instances
// a host must not go on while another one is away.
func TestUndo_names_what_could_run_twice(t *testing.T) {
	const plain, rescheduled = "services: {web: {image: web:1}}", "services: {web: {image: web:1, environment: [reschedule:on-node-failure]}}"
	b := newBench(t)
	for _, c := range []struct{ before, text, want string }{
		{"", rescheduled, "standbys: web.1 absent; web: web.1 absent"},
		{plain, rescheduled, "standbys: web.1 absent strict; web: web.1 enabled strict"},
		{rescheduled, plain, "web: web.1 enabled main strict; web: web.1 enabled standby strict"},
	} {
		if c.before != "" {
			b.write(c.before)
			b.deploy()
		}
		b.write(c.text)
		begun := b.must(control.StackBegin)
		b.roll(begun, "monitor")
		undo := b.must(control.StackFail, func(q *control.StackRequest) { q.Why = "no" })
		var got []string
		for _, w := range undo.Waves {
			for _, work := range w.Hosts {
				for _, s := range work.Services {
					words := []string{strings.TrimPrefix(w.Title, "undo ") + ":", "web.1", fmt.Sprint(s["state"])}
					if role, has := s["role"]; has {
						words = append(words, fmt.Sprint(role))
					}
					if slices.Contains(work.Strict, fmt.Sprint(s["name"])) {
						words = append(words, "strict")
					}
					got = append(got, strings.Join(words, " "))
				}
			}
		}
		if all := strings.Join(got, "; "); all != c.want {
			t.Errorf("from %q the way back has\n%s\nwant\n%s", c.before, all, c.want)
		}
		b.must(control.StackUndone)
		b.must(control.StackEnd)
	}
}
