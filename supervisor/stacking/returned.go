package stacking

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"rundock/internal/control"
	"rundock/internal/stack"
	"rundock/internal/stack/network"
	"rundock/internal/stack/release"
	"rundock/supervisor"
)

// A host that was lost and is back still has the instances that it had. They are elsewhere
// by now, and would run twice: the next run that reaches the host stops them, whatever else
// it does. Nothing but its own facts tells of them, as no release has them there any more; of a
// stack that was removed meanwhile the store has none at all.

// returned are instances, by host, that a host has and no release has there.
type returned map[string][]stack.Slot

// returnedTo are those of a stack, but for those that are masked, which do not run. Of a host that
// is lost still, or cannot be reached, none is known.
func returnedTo(name string, hosts map[string]*facts, lost []string, releases []release.Release) returned {
	all := returned{}
	for host, f := range hosts {
		if f == nil || slices.Contains(lost, host) {
			continue
		}
		for _, service := range f.Services {
			slot, err := stack.ParseSlot(service.Slot)
			if err != nil || service.Stack != name || service.Masked {
				continue
			}
			has := func(r release.Release) bool { return r.Slots[slot].Host == host || r.Slots[slot].Standby == host }
			if !slices.ContainsFunc(releases, has) {
				all[host] = append(all[host], slot)
			}
		}
		slices.SortFunc(all[host], stack.Slot.Compare)
	}
	return all
}

// lines are what is told of them, an instance each.
func (r returned) lines(to release.Release) (lines []string) {
	for _, host := range sortedKeys(r) {
		for _, slot := range r[host] {
			why := "no release has it"
			if at := to.Slots[slot].Host; at != "" {
				why = "it is on " + at + " by now"
			}
			lines = append(lines, fmt.Sprintf("%s %s stopped: %s", slot, host, why))
		}
	}
	return lines
}

// stopReturned adds waves to an answer in which these go, the networks that nobody else
// needs there, and the stack's files where it has nothing else.
func (s *site) stopReturned(ctx context.Context, a *control.StackAnswer, d draft) error {
	if len(d.returned) == 0 {
		return nil
	}
	ledger, err := network.Read(ctx, s.store)
	if err != nil {
		return err
	}
	w := &worker{site: s, ctx: ctx, from: d.base, to: d.Release, networks: ledger.Networks, others: map[string]release.View{}}
	stop := control.StackWork{Title: "stop what is elsewhere by now", Hosts: map[string]control.StackHostWork{}}
	leave := control.StackWork{Title: "networks that nobody needs", Hosts: map[string]control.StackHostWork{}}
	files := control.StackWork{Title: "files that nobody needs", Hosts: map[string]control.StackHostWork{}}
	releases := []release.Release{d.Release}
	if d.base != nil {
		releases = append(releases, *d.base)
	}
	for _, host := range sortedKeys(d.returned) {
		stop.Hosts[host] = control.StackHostWork{}
		for _, slot := range d.returned[host] {
			work := stop.Hosts[host]
			work.Services = append(work.Services, instances{release: d.Release}.absent(slot))
			stop.Hosts[host] = work
		}
		names, err := w.leaves(host, d.told[host].networksOf(d.Model.Name, d.returned[host]), releases)
		if err != nil {
			return err
		}
		if len(names) > 0 {
			leave.Hosts[host] = control.StackHostWork{Networks: names}
		}
		if !slices.ContainsFunc(releases, func(r release.Release) bool { return r.On(host) }) {
			files.Hosts[host] = control.StackHostWork{Stale: []string{path.Join(filesDir, d.Model.Name)}}
		}
	}
	for _, work := range []control.StackWork{stop, leave, files} {
		if len(work.Hosts) > 0 {
			a.Waves = append(a.Waves, work)
		}
	}
	return nil
}

// leaves are the arguments by which a host leaves those of networks, named as there, that no
// release and no other stack needs there.
func (w *worker) leaves(host string, networks []string, releases []release.Release) (all []map[string]any, err error) {
	for _, name := range networks {
		needs := func(r release.Release) bool {
			for key, n := range r.Model.Networks {
				if network.Name(n.Name) == name && (n.External || r.Needs(host, key)) {
					return true
				}
			}
			return false
		}
		needed := slices.ContainsFunc(releases, needs)
		if !needed {
			if needed, err = w.othersNeed(name, host); err != nil {
				return nil, err
			}
		}
		if !needed {
			all = append(all, map[string]any{"name": name, "state": "absent"})
		}
	}
	return all, nil
}

// networksOf are the networks of slots of a stack by their names on the host, as far as they are
// called after the stack: of others it is not known whose they are.
func (f facts) networksOf(of string, slots []stack.Slot) (all []string) {
	for _, service := range f.Services {
		slot, err := stack.ParseSlot(service.Slot)
		if err != nil || service.Stack != of || !slices.Contains(slots, slot) {
			continue
		}
		for _, name := range service.Networks {
			if strings.HasPrefix(name, network.Name(of+"_")) {
				all = append(all, name)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// takenOver are notes of slots that run where their standby is.
func (d draft) takenOver() (notes []string) {
	for _, slot := range slices.SortedFunc(maps.Keys(d.Slots), stack.Slot.Compare) {
		at := d.Slots[slot]
		f := d.told[at.Standby]
		if at.Standby == "" || f == nil {
			continue
		}
		name := slot.Container(d.Model.Name)
		if slices.ContainsFunc(f.Services, func(s serviceFacts) bool { return s.Name == name && s.State == string(control.Running) }) {
			notes = append(notes, fmt.Sprintf("%s runs on its standby %s, where sv restart %s gives it back to %s", slot, at.Standby, supervisor.Prefix+name, at.Host))
		}
	}
	return notes
}

// staying are notes of what is left on hosts that are given up.
func (d draft) staying(q control.StackRequest) (notes []string) {
	then := "once it is back, the next run stops it"
	if q.Absent {
		then = "once it is back, this has to be run again, which removes it"
	}
	for _, c := range release.Diff(d.base, d.Release) {
		if slices.Contains(d.Lost, c.From) && (c.Kind == release.Stopped || c.Kind == release.Moved) {
			notes = append(notes, fmt.Sprintf("%s stays on %s, which is lost: %s", c.Slot, c.From, then))
		}
		if standby := orNone(d.base).Slots[c.Slot].Standby; slices.Contains(d.Lost, standby) {
			notes = append(notes, fmt.Sprintf("the standby of %s stays on %s, which is lost: %s", c.Slot, standby, then))
		}
	}
	return notes
}
