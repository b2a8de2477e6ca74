package draining

import (
	"slices"
	"strings"

	"rundock/internal/registry"
	"rundock/internal/skydns"
)

// lastOf returns the services, by their DNS names, of which this machine has the last instance: that
// are announced by it and by nobody else, of the same colour where they have one.
// prefix is the one of all records. A record that is not of a sidecar counts as an instance.
func lastOf(records []registry.Listed, prefix, machine string) (last []string) {
	type set struct{ own, others bool }
	found := map[string]*set{}
	for _, l := range records {
		r, err := skydns.Parse(l.Value)
		at := strings.LastIndexByte(l.Key, '/')
		if err != nil || at <= len(prefix) || strings.Contains(l.Key, "/_") {
			continue // a further port comes and goes with its service
		}
		name, err := skydns.Name(prefix, l.Key[:at])
		if err != nil {
			continue
		}
		name = strings.TrimSuffix(name, ".")
		if r.Colour != "" {
			name += " (" + r.Colour + ")"
		}
		s := found[name]
		if s == nil {
			s = &set{}
			found[name] = s
		}
		if strings.HasPrefix(r.ID, machine+"/") {
			s.own = true
		} else {
			s.others = true
		}
	}
	for name, s := range found {
		if s.own && !s.others {
			last = append(last, name)
		}
	}
	slices.Sort(last)
	return last
}
