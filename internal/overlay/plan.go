package overlay

import (
	"cmp"
	"maps"
	"net/netip"
	"reflect"
	"slices"
)

// Plan returns the operations that turn have into want: additions before
// deletions; the tables first, so that nothing passes unfiltered; devices
// before what is on them; for each peer neighbour, forwarding entry, route,
// and the reverse where they go. A device that cannot be changed into what
// is wanted is deleted and added again, with all that was on it. Containers
// come and go at a bridge without being wanted: its ports are only ever added.
// Maps are not modified. Plan(x, x) is empty.
func Plan(have, want State) []Op {
	var ops []Op
	if have.Guard.Differs(want.Guard) {
		ops = append(ops, PutTable{want.Guard, slices.SortedFunc(maps.Keys(want.Hosts), netip.Addr.Compare), have.Guard.Chains != nil})
		have.Hosts = want.Hosts
	}
	if have.Table.Differs(want.Table) {
		ops = append(ops, PutTable{want.Table, nil, have.Table.Chains != nil})
	}
	if !want.Vxlan.Exists && have.Vxlan.Exists || have.Vxlan.Exists && have.Vxlan.Tunnel != want.Vxlan.Tunnel {
		ops = append(ops, DeleteLink{have.Vxlan.Name})
		have.Vxlan = Link{Name: have.Vxlan.Name}
	}
	if !have.Vxlan.Exists {
		// They went, or go, with the device.
		have.Neighbours, have.Forwards, have.Routes = nil, nil, nil
	}
	if have.Unreachable != want.Unreachable && want.Unreachable.IsValid() {
		ops = append(ops, AddUnreachable{want.Unreachable})
	}
	if !want.Bridge.Exists && have.Bridge.Exists {
		ops = append(ops, DeleteLink{have.Bridge.Name})
	}
	ops = append(ops, planLink(have.Bridge, want.Bridge, AddBridge{want.Bridge.Name, want.Bridge.MAC})...)
	ops = append(ops, planLink(have.Vxlan, want.Vxlan, AddVxlan{want.Vxlan.Name, want.Vxlan.MAC, want.Vxlan.Tunnel})...)
	in, out := planHosts(have, want)
	ops = append(ops, in...)
	ops = append(ops, planPeers(have, want)...)
	ops = append(ops, out...)
	ops = append(ops, planFilter(have, want)...)
	if have.Unreachable != want.Unreachable && have.Unreachable.IsValid() {
		ops = append(ops, DeleteUnreachable{have.Unreachable})
	}
	for _, t := range [][2]Table{{have.Table, want.Table}, {have.Guard, want.Guard}} {
		if t[0].Chains != nil && t[1].Chains == nil {
			ops = append(ops, DeleteTable{t[0].Family, t[0].Name})
		}
	}
	return ops
}

// planHosts returns whom to let in, which comes before anything is sent to them, and
// whom to shut out, which comes after.
func planHosts(have, want State) (in, out []Op) {
	if want.Guard.Chains == nil || sameMap(have.Hosts, want.Hosts) {
		return nil, nil
	}
	name := want.Guard.Name
	for _, a := range missingFrom(have.Hosts, want.Hosts, netip.Addr.Compare) {
		in = append(in, AddHost{name, a})
	}
	for _, a := range missingFrom(want.Hosts, have.Hosts, netip.Addr.Compare) {
		out = append(out, DeleteHost{name, a})
	}
	return in, out
}

func planPeers(have, want State) []Op {
	if !want.Vxlan.Exists {
		return nil
	}
	if sameMap(have.Routes, want.Routes) && sameMap(have.Neighbours, want.Neighbours) && sameMap(have.Forwards, want.Forwards) {
		return nil // what an audit mostly finds
	}
	dev := want.Vxlan.Name
	var ops []Op
	// A device that is down has no routes; it is up by now. Only what differs is
	// sorted: as a rule that is little of very much.
	var put []RouteKey
	for key, route := range want.Routes {
		if !programmed(have, want, key, route) {
			put = append(put, key)
		}
	}
	slices.SortFunc(put, RouteKey.compare)
	for _, key := range put {
		route := want.Routes[key]
		mac := want.Neighbours[route.Via]
		if had, ok := have.Neighbours[route.Via]; !ok || had != mac {
			ops = append(ops, PutNeighbour{dev, route.Via, mac})
		}
		if had, ok := have.Forwards[mac]; !ok || had != want.Forwards[mac] {
			ops = append(ops, PutForward{dev, mac, want.Forwards[mac]})
		}
		if had, ok := have.Routes[key]; !ok || had != route {
			ops = append(ops, PutRoute{dev, key, route})
		}
	}
	return append(ops, planGone(have, want, dev)...)
}

// planGone deletes the entries of peers that are not wanted, in the reverse order of
// how they are put.
func planGone(have, want State, dev string) (ops []Op) {
	for _, key := range missingFrom(want.Routes, have.Routes, RouteKey.compare) {
		ops = append(ops, DeleteRoute{dev, key, have.Routes[key]})
	}
	for _, mac := range missingFrom(want.Forwards, have.Forwards, func(a, b MAC) int { return slices.Compare(a[:], b[:]) }) {
		ops = append(ops, DeleteForward{dev, mac, have.Forwards[mac]})
	}
	for _, ip := range missingFrom(want.Neighbours, have.Neighbours, netip.Addr.Compare) {
		ops = append(ops, DeleteNeighbour{dev, ip})
	}
	return ops
}

// missingFrom returns the keys of some that all lacks, sorted.
func missingFrom[K comparable, V any](all, some map[K]V, compare func(a, b K) int) (keys []K) {
	for key := range some {
		if _, ok := all[key]; !ok {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, compare)
	return keys
}

// sameMap reports whether a and b are the same map, not only equal.
func sameMap[K, V comparable](a, b map[K]V) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}

// programmed reports whether have has all three entries of one of want's peers.
func programmed(have, want State, key RouteKey, route Route) bool {
	if had, ok := have.Routes[key]; !ok || had != route {
		return false
	}
	mac := want.Neighbours[route.Via]
	if had, ok := have.Neighbours[route.Via]; !ok || had != mac {
		return false
	}
	had, ok := have.Forwards[mac]
	return ok && had == want.Forwards[mac]
}

func (k RouteKey) compare(other RouteKey) int {
	return cmp.Or(k.Subnet.Compare(other.Subnet), cmp.Compare(k.Metric, other.Metric))
}
