package stacking

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rundock/internal/stack"
	"rundock/internal/stack/release"
)

// listing is a release for a diff: a line a slot, with what its container is made
// of but for values of variables and secrets.
func listing(r *release.Release) string {
	if r == nil {
		return ""
	}
	var b strings.Builder
	for _, key := range sortedKeys(r.Networks) {
		fmt.Fprintf(&b, "network %s: %s, vni %d\n", key, r.Networks[key].Subnet, r.Networks[key].VNI)
	}
	for _, name := range sortedKeys(r.Model.Services) {
		def := r.Model.Services[name]
		fmt.Fprintf(&b, "service %s: %s\n", name, r.Image(name))
		for _, u := range def.Configs {
			fmt.Fprintf(&b, "  %s: config %s, sha256 %s\n", u.Target, u.Source, short(r.Model.Configs[u.Source].Hash))
		}
		for _, u := range def.Secrets {
			fmt.Fprintf(&b, "  %s: secret %s\n", u.Target, u.Source)
		}
	}
	for _, slot := range slices.SortedFunc(maps.Keys(r.Slots), stack.Slot.Compare) {
		s := r.Slots[slot]
		fmt.Fprintf(&b, "%s: %s, made of %s\n", slot, s.Host, short(s.Hash))
		for _, port := range s.Ports {
			fmt.Fprintf(&b, "  port %d of a range\n", port)
		}
	}
	return b.String()
}

func short(hash string) string { return hash[:min(len(hash), 12)] }

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
