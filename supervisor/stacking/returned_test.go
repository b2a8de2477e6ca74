package stacking

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/control"
	"rundock/internal/stack"
	"rundock/internal/stack/release"
)

const four = `
services:
  web: {image: web:1, deploy: {replicas: 4}}
networks: {default: {}}
`

// places are the slots of the current release by host.
func (b *bench) places() map[string][]string {
	b.Helper()
	all := map[string][]string{}
	for slot, s := range b.view().Base().Slots {
		all[s.Host] = append(all[s.Host], slot.String())
	}
	for _, slots := range all {
		slices.Sort(slots)
	}
	return all
}

// runs has a host say that it runs slots of shop.
func (b *bench) runs(host string, slots []string) {
	b.Helper()
	var f map[string]any
	if err := json.Unmarshal(b.hosts[host], &f); err != nil {
		b.Fatal(err)
	}
	var services []string
	for _, slot := range slots {
		services = append(services, fmt.Sprintf(`{"name":"shop-%s","stack":"shop","slot":%q,"enabled":true,"networks":["shop_default","site"]}`, strings.ReplaceAll(slot, ".", "-"), slot))
	}
	f["services"] = json.RawMessage("[" + strings.Join(services, ",") + "]")
	b.hosts[host], _ = json.Marshal(f)
}

func TestLost_hosts_slots_move_and_what_returns_does_not_run_twice(t *testing.T) {
	b := newBench(t)
	b.write(four)
	b.deploy()
	before := b.places()
	lost := b.hosts["node-2"]
	b.hosts["node-2"] = nil
	if a := b.must(control.StackPlan); a.Changed {
		t.Errorf("unreachable is not lost: %v", a.Lines)
	}
	moved := b.deploy(func(q *control.StackRequest) { q.Lost = []string{"node-2"} })
	if want := fmt.Sprintf("shop: release 2 from 1: %d moved, %d kept", len(before["node-2"]), 4-len(before["node-2"])); moved.Lines[0] != want {
		t.Errorf("lines = %q, want %s", moved.Lines, want)
	}
	for _, w := range moved.Waves {
		if _, there := w.Hosts["node-2"]; there {
			t.Errorf("wave %s has work for the host that is lost", w.Title)
		}
	}

	b.hosts["node-2"] = lost
	for host, slots := range b.places() {
		b.runs(host, slots)
	}
	b.runs("node-2", before["node-2"])
	planned := b.must(control.StackPlan)
	if want := fmt.Sprintf("shop: release 2 stays: %d stopped", len(before["node-2"])); planned.Lines[0] != want || !strings.Contains(planned.Lines[1], before["node-2"][0]+" node-2 stopped: it is on ") {
		t.Errorf("lines = %q, want %s", planned.Lines, want)
	}
	stopped := b.deploy()
	if got := slotsOf(stopped.Waves); len(got) != 3 || !strings.HasPrefix(got[0], "stop what is elsewhere by now: ") || strings.Count(got[0], "absent") != len(before["node-2"]) || got[1] != "networks that nobody needs: " {
		t.Errorf("waves = %q", got)
	}
	if got := stopped.Waves[2].Hosts["node-2"].Stale; !slices.Equal(got, []string{"/etc/rundock/stacks/shop"}) {
		t.Errorf("of files, the host that is back removes %q", got)
	}
	for _, w := range stopped.Waves {
		if hosts := slices.Collect(maps.Keys(w.Hosts)); !slices.Equal(hosts, []string{"node-2"}) {
			t.Errorf("wave %s has work for %v", w.Title, hosts)
		}
	}
	b.runs("node-2", nil)
	if a := b.must(control.StackPlan); a.Changed {
		t.Errorf("after that: %q", a.Lines)
	}
	if a := b.deploy(func(q *control.StackRequest) { q.Rebalance = true }); !strings.Contains(a.Lines[0], "moved") || len(b.places()["node-2"]) == 0 {
		t.Errorf("rebalanced: %q, on %v", a.Lines, b.places())
	}
}

func TestAbsent_stack_is_removed_from_a_lost_host_once_that_is_back(t *testing.T) {
	b := newBench(t)
	b.write(four)
	b.deploy()
	there := b.places()["node-2"]
	lost := b.hosts["node-2"]
	b.hosts["node-2"] = nil
	if a := b.ask(control.StackPlan, absent); !strings.Contains(a.Error, "node-2 is unreachable, where it is to be stopped") || strings.Contains(a.Lines[0], "nothing") {
		t.Errorf("unreachable is not lost: %q %q", a.Error, a.Lines)
	}
	gone := b.deploy(absent, func(q *control.StackRequest) { q.Lost = []string{"node-2"} })
	if want := there[0] + " stays on node-2, which is lost: once it is back, this has to be run again, which removes it"; !slices.Contains(gone.Notes, want) {
		t.Errorf("notes = %q, want %q", gone.Notes, want)
	}
	if keys := b.keys(); len(keys) != 0 {
		t.Errorf("the store has %q", keys)
	}

	b.hosts["node-2"] = lost
	b.runs("node-2", there)
	if a := b.must(control.StackPlan, absent); a.Lines[0] != fmt.Sprintf("shop: no release is current: %d stopped", len(there)) || !slices.Contains(a.Lines, there[0]+" node-2 stopped: no release has it") {
		t.Errorf("lines = %q", a.Lines)
	}
	back := b.deploy(absent)
	if len(back.Waves) != 3 {
		t.Fatalf("waves = %q", slotsOf(back.Waves))
	}
	work := func(n int) control.StackHostWork { return back.Waves[n].Hosts["node-2"] }
	if len(work(0).Services) != len(there) || work(0).Services[0]["state"] != "absent" {
		t.Errorf("services = %v", work(0).Services)
	}
	if want := []map[string]any{{"name": "shop_default", "state": "absent"}}; !reflect.DeepEqual(work(1).Networks, want) {
		t.Errorf("networks = %v, want %v", work(1).Networks, want)
	}
	if want := []string{"/etc/rundock/stacks/shop"}; !slices.Equal(work(2).Stale, want) {
		t.Errorf("files = %q, want %q", work(2).Stale, want)
	}
	if keys := b.keys(); len(keys) != 0 {
		t.Errorf("the store has %q", keys)
	}
	b.runs("node-2", nil)
	if a := b.must(control.StackPlan, absent); a.Changed || a.Lines[0] != "shop: nothing to do" {
		t.Errorf("after that: %q", a.Lines)
	}

	b.runs("node-2", []string{"web.9"})
	if a := b.deploy(); !slices.Contains(a.Notes, "web.9 node-2 stopped: no release has it") || !strings.Contains(strings.Join(slotsOf(a.Waves), "; "), "stop what is elsewhere by now: ") {
		t.Errorf("deployed anew: %q, %q", a.Notes, slotsOf(a.Waves))
	}
}

func TestStandby_on_a_host_that_cannot_be_reached_stays_unless_that_is_lost(t *testing.T) {
	b := newBench(t)
	text := "services: {web: {image: web:1, environment: [reschedule:on-node-failure]}}"
	b.write(text)
	b.deploy()
	at := func() stack.Place { return b.view().Base().Slots[stack.Slot{Service: "web", Number: 1}].Place }
	standby := at().Standby
	there := b.hosts[standby]
	b.hosts[standby] = nil
	if a := b.must(control.StackPlan); a.Changed || !slices.Contains(a.Notes, "web.1: "+standby+", which has its standby, is unreachable") {
		t.Errorf("unreachable is not lost: %q, %q", a.Lines, a.Notes)
	}
	b.write(strings.Replace(text, "web:1", "web:2", 1))
	if a, want := b.ask(control.StackBegin), "web.1 refused: "+standby+" is unreachable, where its standby is to be replaced: image"; !strings.Contains(a.Error, want) {
		t.Errorf("a change of web: %q, want %q", a.Error, want)
	}
	if a, want := b.ask(control.StackBegin, absent), "web.1 refused: "+standby+" is unreachable, where its standby is to be stopped: the service is gone"; !strings.Contains(a.Error, want) {
		t.Errorf("absent: %q, want %q", a.Error, want)
	}
	b.write(text)

	lost := func(q *control.StackRequest) { q.Lost = []string{standby} }
	a := b.deploy(lost)
	if now := at(); now.Standby == standby || now.Standby == "" || !slices.Contains(a.Notes, "the standby of web.1 stays on "+standby+", which is lost: once it is back, the next run stops it") {
		t.Errorf("lost: it is on %+v, notes = %q", now, a.Notes)
	}
	for _, w := range a.Waves {
		if _, works := w.Hosts[standby]; works {
			t.Errorf("wave %s has work for the host that is lost", w.Title)
		}
	}

	b.hosts[standby], standby = there, at().Standby
	there, b.hosts[standby] = b.hosts[standby], nil
	if a, want := b.deploy(absent, lost), "the standby of web.1 stays on "+standby+", which is lost: once it is back, this has to be run again, which removes it"; !slices.Contains(a.Notes, want) {
		t.Errorf("absent, notes = %q, want %q", a.Notes, want)
	}
	b.hosts[standby] = there
	b.runs(standby, []string{"web.1"})
	if a := b.must(control.StackPlan, absent); !slices.Contains(a.Lines, "web.1 "+standby+" stopped: no release has it") {
		t.Errorf("once it is back: %q", a.Lines)
	}
}

// A host that is added gets nothing until it is asked for.
func TestPlan_rebalances_only_where_it_is_asked_to(t *testing.T) {
	b := newBench(t)
	b.write(four)
	added := b.hosts["node-3"]
	delete(b.hosts, "node-3")
	b.deploy()
	b.hosts["node-3"] = added
	if a := b.must(control.StackPlan); a.Changed {
		t.Errorf("with another host: %q", a.Lines)
	}
	if a := b.deploy(func(q *control.StackRequest) { q.Rebalance = true }); a.Lines[0] != "shop: release 2 from 1: 1 moved, 3 kept" {
		t.Errorf("rebalanced: %q", a.Lines)
	}
}

// While the store is away a run can begin no further wave; the next one goes on.
func TestRun_that_loses_its_store_in_the_middle_is_finished_by_the_next(t *testing.T) {
	b := newBench(t)
	b.withShop()
	b.deploy()
	b.changed()
	begun := b.must(control.StackBegin)
	b.roll(begun, "monitor")
	b.server.Kill()
	last := begun.Waves[len(begun.Waves)-1].Number
	if a := b.ask(control.StackWave, func(q *control.StackRequest) { q.Wave = last }); a.Error == "" {
		t.Error("a wave begins without a store")
	}
	if a := b.ask(control.StackFail, func(q *control.StackRequest) { q.Why = "the store is away" }); a.Error == "" {
		t.Error("a way back is found without a store")
	}
	b.server.Process.Start()
	await.Nil(t, "the store answers", func() error { _, err := release.Load(t.Context(), b.site.store, "shop"); return err })
	b.kill()
	b.run = "two"
	finished := b.must(control.StackBegin)
	if finished.Settle != "" || finished.Release != 2 || len(finished.Waves) == 0 {
		t.Fatalf("the next run: %+v", finished)
	}
	b.roll(finished, "")
	b.must(control.StackDone)
	b.must(control.StackEnd)
	if v := b.view(); v.Current != 2 || v.Lock != nil {
		t.Errorf("after it, current = %d, lock = %v", v.Current, v.Lock)
	}
}

func TestReturnedTo(t *testing.T) {
	at := func(slot string) serviceFacts { return serviceFacts{Stack: "shop", Slot: slot, Enabled: true} }
	masked, others := at("web.5"), at("web.6")
	masked.Masked, others.Stack = true, "blog"
	hosts := map[string]*facts{
		"away": nil, "lost": {Services: []serviceFacts{at("web.1")}}, "full": {Services: []serviceFacts{at("web.1"), at("db.1"), at("web.2")}},
		"back": {Services: []serviceFacts{at("web.10"), at("web.9"), masked, others, {Name: "plain"}}},
	}
	releases := []release.Release{
		{Slots: map[stack.Slot]release.Slot{{Service: "web", Number: 1}: {Place: stack.Place{Host: "full"}}, {Service: "db", Number: 1}: {Place: stack.Place{Host: "back", Standby: "full"}}}},
		{Slots: map[stack.Slot]release.Slot{{Service: "web", Number: 2}: {Place: stack.Place{Host: "full"}}}},
	}
	got := returnedTo("shop", hosts, []string{"lost"}, releases)
	if want := (returned{"back": {{Service: "web", Number: 9}, {Service: "web", Number: 10}}}); !reflect.DeepEqual(got, want) {
		t.Errorf("returned = %v, want %v", got, want)
	}
}
