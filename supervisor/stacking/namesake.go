package stacking

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rundock/internal/stack"
	"rundock/internal/stack/release"
)

// namesakes are lines of slots whose host has another service of the name that the slot's
// container gets, which is refused: web-1 of a stack shop, and shop-web-1 without one.
// What a host cannot read is nobody's.
func namesakes(r release.Release, told map[string]*facts) (refused []string) {
	for _, slot := range slices.SortedFunc(maps.Keys(r.Slots), stack.Slot.Compare) {
		name := slot.Container(r.Model.Name)
		for _, host := range []string{r.Slots[slot].Host, r.Slots[slot].Standby} {
			f := told[host]
			if f == nil || slices.ContainsFunc(f.Unknown, func(text string) bool { return strings.HasPrefix(text, "service "+name+":") }) {
				continue
			}
			for _, s := range f.Services {
				if s.Name != name || s.Stack == r.Model.Name { // in a stack each slot has a name of its own
					continue
				}
				other := "service " + name + ", which is of no stack"
				if s.Stack != "" {
					other = fmt.Sprintf("slot %s of stack %s, which is called %s as well", s.Slot, s.Stack, name)
				}
				refused = append(refused, fmt.Sprintf("%s refused: %s has %s: remove that one first, or give one of them another name", slot, host, other))
			}
		}
	}
	return refused
}
