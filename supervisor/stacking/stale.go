package stacking

import (
	"maps"
	"slices"

	"rundock/internal/control"
	"rundock/internal/stack"
	"rundock/internal/stack/release"
)

// stale is the last wave: hosts remove the files of a release that has left, but for
// those that the one which stays has there, too. Going back to the former brings them
// again. It has no number, as releases do not count it: it may be done again. Without
// such files it has no hosts.
func (w *worker) stale(leaves, stays *release.Release) control.StackWork {
	work := control.StackWork{Title: "files that nobody needs", Hosts: map[string]control.StackHostWork{}}
	needed := filesOf(stays)
	for host, files := range filesOf(leaves) {
		if slices.Contains(w.lost, host) {
			continue
		}
		var gone []string
		for _, path := range slices.Sorted(maps.Keys(files)) {
			if !needed[host][path] {
				gone = append(gone, path)
			}
		}
		if len(gone) > 0 {
			work.Hosts[host] = control.StackHostWork{Stale: gone}
		}
	}
	return work
}

// filesOf are the paths of a release's configs and secrets, by host.
func filesOf(r *release.Release) map[string]map[string]bool {
	all := map[string]map[string]bool{}
	if r == nil {
		return all
	}
	i := instances{release: *r}
	on := func(host string, slot stack.Slot) {
		for _, u := range i.uses(r.Model.Services[slot.Service]) {
			if all[host] == nil {
				all[host] = map[string]bool{}
			}
			all[host][u.host] = true
		}
	}
	for slot, s := range r.Slots {
		on(s.Host, slot)
		if s.Standby != "" {
			on(s.Standby, slot)
		}
	}
	return all
}
