package kernel

import (
	"net/netip"

	"rundock/internal/overlay"
)

// A listing is what a kernel lists of peers: on a VXLAN device, and in the
// set of those that are let in.
type listing struct {
	neighbours entries[netip.Addr, overlay.MAC]
	forwards   entries[overlay.MAC, netip.Addr]
	routes     entries[overlay.RouteKey, overlay.Route]
	hosts      entries[netip.Addr, struct{}]
}

func (l *listing) clear() {
	l.neighbours, l.forwards, l.routes, l.hosts = l.neighbours[:0], l.forwards[:0], l.routes[:0], l.hosts[:0]
}

// fill puts the listed peers into a state. Where they equal want's, as an audit
// mostly finds, it takes want's own maps: making new ones of so many entries costs
// twice what comparing them does.
func (l *listing) fill(s *overlay.State, want overlay.State) {
	if l.neighbours.equal(want.Neighbours) && l.forwards.equal(want.Forwards) && l.routes.equal(want.Routes) && l.hosts.equal(want.Hosts) {
		s.Neighbours, s.Forwards, s.Routes, s.Hosts = want.Neighbours, want.Forwards, want.Routes, want.Hosts
		return
	}
	s.Neighbours, s.Forwards, s.Routes, s.Hosts = l.neighbours.toMap(), l.forwards.toMap(), l.routes.toMap(), l.hosts.toMap()
}

// entries are in the order of the kernel, which lists those of one key together.
type entries[K, V comparable] []entry[K, V]

type entry[K, V comparable] struct {
	key   K
	value V
}

func (e *entries[K, V]) add(key K, value V) { *e = append(*e, entry[K, V]{key, value}) }

// equal reports whether the entries are those of a map.
func (e entries[K, V]) equal(want map[K]V) bool {
	if len(e) != len(want) {
		return false
	}
	for i, x := range e {
		if v, ok := want[x.key]; !ok || v != x.value || i > 0 && e[i-1].key == x.key {
			return false
		}
	}
	return true
}

func (e entries[K, V]) toMap() map[K]V {
	m := make(map[K]V, len(e))
	for _, x := range e {
		m[x.key] = x.value
	}
	return m
}
