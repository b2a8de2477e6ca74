package stacking

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rundock/internal/stack"
	"rundock/internal/stack/release"
)

// A host that was taken out of the inventory may have instances still. No run can ask it for
// anything, so that what is to change there is refused, as on one that cannot be reached.

// unlisted says of such a host what it is, and what to do.
const unlisted = "not among the hosts of the inventory (put it back there, or give it up by stack_lost)"

// listed reports whether a host is in the inventory, or given up.
func (d draft) listed(host string) bool {
	_, is := d.told[host]
	return is || slices.Contains(d.Lost, host)
}

// away are the hosts on which nothing can change, by what they are.
func (d draft) away() map[string]string {
	all := map[string]string{}
	for _, r := range []release.Release{orNone(d.base), d.Release} {
		for _, s := range r.Slots {
			for _, host := range []string{s.Host, s.Standby} {
				if host != "" && !d.listed(host) {
					all[host] = unlisted
				}
			}
		}
	}
	for host, f := range d.told {
		if f == nil && !slices.Contains(d.Lost, host) {
			all[host] = "unreachable"
		}
	}
	return all
}

// unlisted are notes of instances that stay on hosts that are not in the inventory.
func (d draft) unlisted() (notes []string) {
	on := map[string][]string{}
	for _, slot := range slices.SortedFunc(maps.Keys(d.Slots), stack.Slot.Compare) {
		if host := d.Slots[slot].Host; !d.listed(host) {
			on[host] = append(on[host], slot.String())
		}
	}
	for _, host := range sortedKeys(on) {
		notes = append(notes, fmt.Sprintf("%s: %s is %s, and keeps what it has", strings.Join(on[host], ", "), host, unlisted))
	}
	return notes
}

// doable returns an error where waves have something to do on a host that is not in the
// inventory. of is what these waves settle.
func (d draft) doable(of string, waves []release.Wave, lost []string) error {
	on := map[string][]string{}
	for _, wave := range waves {
		for _, step := range wave.Steps {
			if step.Host != "" && !d.listed(step.Host) && !slices.Contains(lost, step.Host) {
				on[step.Host] = append(on[step.Host], step.String())
			}
		}
	}
	var all []string
	for _, host := range sortedKeys(on) {
		all = append(all, fmt.Sprintf("%s is %s: %s", host, unlisted, strings.Join(on[host], "; ")))
	}
	if len(all) == 0 {
		return nil
	}
	return fmt.Errorf("%s, and cannot be settled: %s", of, strings.Join(all, "; "))
}
