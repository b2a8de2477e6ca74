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
	if have.Guard.differs(want.Guard) {
		ops = append(ops, putTable{want.Guard, slices.SortedFunc(maps.Keys(want.Hosts), netip.Addr.Compare), have.Guard.Chains != nil})
		have.Hosts = want.Hosts
	}
	if have.Table.differs(want.Table) {
		ops = append(ops, putTable{want.Table, nil, have.Table.Chains != nil})
	}
	if !want.Vxlan.Exists && have.Vxlan.Exists || have.Vxlan.Exists && have.Vxlan.Tunnel != want.Vxlan.Tunnel {
		ops = append(ops, deleteLink{have.Vxlan.Name})
		have.Vxlan = Link{Name: have.Vxlan.Name}
	}
	if !have.Vxlan.Exists {
		// They went, or go, with the device.
		have.Neighbours, have.Forwards, have.Routes = nil, nil, nil
	}
	if have.Nowhere != want.Nowhere && want.Nowhere.IsValid() {
		ops = append(ops, addNowhere{want.Nowhere})
	}
	if !want.Bridge.Exists && have.Bridge.Exists {
		ops = append(ops, deleteLink{have.Bridge.Name})
	}
	ops = append(ops, planLink(have.Bridge, want.Bridge, addBridge{want.Bridge.Name, want.Bridge.MAC})...)
	ops = append(ops, planLink(have.Vxlan, want.Vxlan, addVxlan{want.Vxlan.Name, want.Vxlan.MAC, want.Vxlan.Tunnel})...)
	in, out := planHosts(have, want)
	ops = append(ops, in...)
	ops = append(ops, planPeers(have, want)...)
	ops = append(ops, out...)
	ops = append(ops, planFilter(have, want)...)
	if have.Nowhere != want.Nowhere && have.Nowhere.IsValid() {
		ops = append(ops, deleteNowhere{have.Nowhere})
	}
	for _, t := range [][2]Table{{have.Table, want.Table}, {have.Guard, want.Guard}} {
		if t[0].Chains != nil && t[1].Chains == nil {
			ops = append(ops, deleteTable{t[0].Family, t[0].Name})
		}
	}
	return ops
}

// differs reports whether t has to become want.
func (t Table) differs(want Table) bool {
	return want.Chains != nil && !reflect.DeepEqual(t.Chains, want.Chains)
}

// planHosts has a host let in before it is sent anything, and after that shut
// out.
func planHosts(have, want State) (in, out []Op) {
	if want.Guard.Chains == nil || same(have.Hosts, want.Hosts) {
		return nil, nil
	}
	of := func(some, others map[netip.Addr]struct{}, op func(netip.Addr) Op) (ops []Op) {
		var differ []netip.Addr
		for a := range some {
			if _, ok := others[a]; !ok {
				differ = append(differ, a)
			}
		}
		slices.SortFunc(differ, netip.Addr.Compare)
		for _, a := range differ {
			ops = append(ops, op(a))
		}
		return ops
	}
	name := want.Guard.Name
	in = of(want.Hosts, have.Hosts, func(a netip.Addr) Op { return addHost{name, a} })
	return in, of(have.Hosts, want.Hosts, func(a netip.Addr) Op { return deleteHost{name, a} })
}

// planFilter leaves Docker's chain and the way to it where they are.
func planFilter(have, want State) []Op {
	var ops []Op
	for _, rule := range want.Filter.Rules {
		if !have.Filter.Open && !slices.Contains(have.Filter.Rules, rule) {
			ops = append(ops, addRule{rule})
		}
	}
	for _, rule := range have.Filter.Rules {
		ours := names(rule, have.Bridge.Name) || names(rule, have.Vxlan.Name)
		if ours && !slices.Contains(want.Filter.Rules, rule) {
			ops = append(ops, deleteRule{rule})
		}
	}
	return ops
}

func planLink(have, want Link, add Op) []Op {
	if !want.Exists {
		return nil
	}
	var ops []Op
	switch {
	case !have.Exists:
		ops = append(ops, add)
	case have.MAC != want.MAC:
		ops = append(ops, setMAC{want.Name, want.MAC})
	}
	if have.MTU != want.MTU {
		ops = append(ops, setMTU{want.Name, want.MTU})
	}
	if !have.Forwarding {
		ops = append(ops, setForwarding{want.Name})
	}
	// Add before delete: an interface with no address drops its routes.
	if have.Address != want.Address {
		ops = append(ops, addAddress{want.Name, want.Address})
	}
	if !have.Up {
		ops = append(ops, setUp{want.Name})
	}
	// It comes by itself with the address, of a device that is up.
	if want.Connected && !have.Connected && have.Up && have.Address == want.Address {
		ops = append(ops, addConnected{want.Name, want.Address})
	}
	if have.Address.IsValid() && have.Address != want.Address {
		ops = append(ops, deleteAddress{want.Name, have.Address})
	}
	ops = append(ops, planSpoiled(have, want)...)
	for _, port := range want.Ports {
		if !slices.Contains(have.Ports, port) {
			ops = append(ops, addPort{want.Name, port})
		}
	}
	for _, a := range have.Stray {
		ops = append(ops, deleteAddress{want.Name, a})
	}
	return ops
}

// planSpoiled puts right what keeps packets from their way, of a device that
// was there.
func planSpoiled(have, want Link) []Op {
	var ops []Op
	if have.NoARP {
		ops = append(ops, setARP{want.Name})
	}
	if have.NoReplies {
		ops = append(ops, setARPReplies{want.Name})
	}
	if have.Enslaved {
		ops = append(ops, setFree{want.Name})
	}
	if have.Tree {
		ops = append(ops, setTree{want.Name})
	}
	if have.VLANs {
		ops = append(ops, setVLANs{want.Name})
	}
	// That of another address comes with it.
	if have.Deaf && have.Address == want.Address {
		ops = append(ops, addDelivered{want.Name, want.Address.Addr()})
	}
	if have.Unheard != "" && have.Tunnel == want.Tunnel {
		ops = append(ops, addDelivered{have.Unheard, want.Tunnel.Local})
	}
	for _, port := range have.Down {
		ops = append(ops, setUp{port})
	}
	for _, port := range have.Blocked {
		ops = append(ops, renewPort{want.Name, port})
	}
	return ops
}

func planPeers(have, want State) []Op {
	if !want.Vxlan.Exists {
		return nil
	}
	if same(have.Routes, want.Routes) && same(have.Neighbours, want.Neighbours) && same(have.Forwards, want.Forwards) {
		return nil // what an audit mostly finds
	}
	dev := want.Vxlan.Name
	var ops []Op
	// A device that is taken down, or not up yet, has no routes: they are
	// added once it is up, which is before this.
	// Sorted is only what differs: as a rule little of very much.
	var put, gone []RouteKey
	for key, route := range want.Routes {
		if !reached(have, want, key, route) {
			put = append(put, key)
		}
	}
	for key := range have.Routes {
		if _, ok := want.Routes[key]; !ok {
			gone = append(gone, key)
		}
	}
	slices.SortFunc(put, RouteKey.compare)
	slices.SortFunc(gone, RouteKey.compare)
	for _, key := range put {
		route := want.Routes[key]
		mac := want.Neighbours[route.Via]
		if had, ok := have.Neighbours[route.Via]; !ok || had != mac {
			ops = append(ops, putNeighbour{dev, route.Via, mac})
		}
		if had, ok := have.Forwards[mac]; !ok || had != want.Forwards[mac] {
			ops = append(ops, putForward{dev, mac, want.Forwards[mac]})
		}
		if had, ok := have.Routes[key]; !ok || had != route {
			ops = append(ops, putRoute{dev, key, route})
		}
	}
	for _, key := range gone {
		ops = append(ops, deleteRoute{dev, key, have.Routes[key]})
	}
	var macs []MAC
	for mac := range have.Forwards {
		if _, ok := want.Forwards[mac]; !ok {
			macs = append(macs, mac)
		}
	}
	slices.SortFunc(macs, func(a, b MAC) int { return slices.Compare(a[:], b[:]) })
	for _, mac := range macs {
		ops = append(ops, deleteForward{dev, mac, have.Forwards[mac]})
	}
	var ips []netip.Addr
	for ip := range have.Neighbours {
		if _, ok := want.Neighbours[ip]; !ok {
			ips = append(ips, ip)
		}
	}
	slices.SortFunc(ips, netip.Addr.Compare)
	for _, ip := range ips {
		ops = append(ops, deleteNeighbour{dev, ip})
	}
	return ops
}

// same reports whether two maps are one.
func same[K, V comparable](a, b map[K]V) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}

// reached reports whether have has all that leads to one of want's peers.
func reached(have, want State, key RouteKey, route Route) bool {
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
