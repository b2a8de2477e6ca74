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

// put gives a state the peers that are listed. Where they are want's, as an
// audit mostly finds, it gets want's own maps: to make others of so many
// entries costs twice what it does to compare them.
func (l *listing) put(s *overlay.State, want overlay.State) {
	if l.neighbours.are(want.Neighbours) && l.forwards.are(want.Forwards) && l.routes.are(want.Routes) && l.hosts.are(want.Hosts) {
		s.Neighbours, s.Forwards, s.Routes, s.Hosts = want.Neighbours, want.Forwards, want.Routes, want.Hosts
		return
	}
	s.Neighbours, s.Forwards, s.Routes, s.Hosts = l.neighbours.all(), l.forwards.all(), l.routes.all(), l.hosts.all()
}

// entries are in the order of the kernel, which lists those of one key one
// after the other.
type entries[K, V comparable] []entry[K, V]

type entry[K, V comparable] struct {
	key   K
	value V
}

func (e *entries[K, V]) add(key K, value V) { *e = append(*e, entry[K, V]{key, value}) }

// are reports whether they are those of a map.
func (e entries[K, V]) are(want map[K]V) bool {
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

func (e entries[K, V]) all() map[K]V {
	m := make(map[K]V, len(e))
	for _, x := range e {
		m[x.key] = x.value
	}
	return m
}
