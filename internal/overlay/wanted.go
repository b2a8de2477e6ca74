package overlay

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
)

// Wanted is what a host should hold, updated as its peers come, change and go. A
// change costs what has changed: it is the Plan of two desired states, of which
// only the changed peers' part is made.
type Wanted struct {
	network       Network
	host          Host
	mtu           int
	peers         map[netip.Prefix]Peer  // all that are known, also those left out
	macCount      map[MAC]int            // how many of the peers that are not left out have it
	underlayCount map[netip.Addr]int     // and how many of these are at an underlay address
	leftOut       map[netip.Prefix]error // why one is left out
	state         State                  // as if no peer had this host's subnet
}

// NewWanted begins with peers, as Want does.
func NewWanted(n Network, h Host, peers []Peer) (*Wanted, error) {
	if err := n.Check(); err != nil {
		return nil, err
	}
	if _, err := n.Index(h.Subnet); err != nil {
		return nil, err
	}
	mtu, err := n.mtu(h)
	if err != nil {
		return nil, err
	}
	w := &Wanted{network: n, host: h, mtu: mtu, peers: make(map[netip.Prefix]Peer, len(peers)), macCount: make(map[MAC]int, len(peers)), underlayCount: make(map[netip.Addr]int, len(peers)), leftOut: map[netip.Prefix]error{}}
	w.state = State{
		Bridge: Link{
			Name: n.Bridge(), Exists: true, MAC: BridgeMAC(h.Machine, n.VNI), MTU: mtu, Up: true, Forwarding: true,
			Address: netip.PrefixFrom(Gateway(h.Subnet), n.SubnetLength), Connected: true,
		},
		Vxlan: Link{
			Name: n.Vxlan(), Exists: true, MAC: VxlanMAC(h.Machine, n.VNI), MTU: mtu, Up: true, Forwarding: true,
			Tunnel: Tunnel{VNI: n.VNI, Local: h.Underlay, Port: n.UDPPort()}, Address: netip.PrefixFrom(h.Subnet.Addr(), 32),
		},
		Neighbours:  make(map[netip.Addr]MAC, len(peers)),
		Forwards:    make(map[MAC]netip.Addr, len(peers)),
		Routes:      make(map[RouteKey]Route, len(peers)),
		Unreachable: n.CIDR,
		Table:       table(n, h.Subnet),
		Guard:       guard(n, h),
		Hosts:       make(map[netip.Addr]struct{}, len(peers)),
		Filter:      Filter{Rules: FilterRules(n)},
	}
	for _, p := range peers {
		if err := w.check(p); err != nil {
			return nil, err
		}
		w.put(p)
	}
	return w, nil
}

// State is what the kernel should hold; of a fenced host, what is left of that. Its
// maps are w's own: read them only, and only until the next Change.
func (w *Wanted) State() State {
	if w.Fenced() {
		return fence(w.state)
	}
	return w.state
}

// fence returns what a host whose subnet is another's should hold: its containers
// reach each other and the outside, and no other host.
func fence(want State) State {
	want.Vxlan = Link{Name: want.Vxlan.Name}
	want.Neighbours, want.Forwards, want.Routes = nil, nil, nil
	want.Filter.Rules = slices.DeleteFunc(slices.Clone(want.Filter.Rules), func(rule string) bool { return mentions(rule, want.Vxlan.Name) })
	return want
}

// Subnet is the host's.
func (w *Wanted) Subnet() netip.Prefix { return w.host.Subnet }

// Machine is the id that the host's devices are made from.
func (w *Wanted) Machine() string { return w.host.Machine }

// Fenced reports whether a peer has this host's subnet.
func (w *Wanted) Fenced() bool { _, is := w.peers[w.host.Subnet]; return is }

// Count is how many peers are known.
func (w *Wanted) Count() int { return len(w.peers) }

// Peer returns the one that has a subnet.
func (w *Wanted) Peer(subnet netip.Prefix) (Peer, bool) { p, ok := w.peers[subnet]; return p, ok }

// Peers returns all that are known, in no order.
func (w *Wanted) Peers() []Peer {
	return slices.AppendSeq(make([]Peer, 0, len(w.peers)), maps.Values(w.peers))
}

// LeftOut is the Fault of peers to which nothing can be sent; zero where there are
// none.
func (w *Wanted) LeftOut() Fault {
	if len(w.leftOut) == 0 {
		return Fault{}
	}
	first := slices.MinFunc(slices.Collect(maps.Keys(w.leftOut)), netip.Prefix.Compare)
	return Fault{
		What: fmt.Sprintf("other hosts that are left out, as nothing can be sent to them: %d; %v", len(w.leftOut), w.leftOut[first]),
		Next: fmt.Sprintf("give each host of the network an underlay address of its own, all of them IPv4 or all IPv6; rundockd overlay peers %s tells which they have", w.network.Name),
	}
}

// Difference returns the Change that makes these, to which it refers, all the
// peers there are.
func (w *Wanted) Difference(peers []Peer) map[netip.Prefix]*Peer {
	change := map[netip.Prefix]*Peer{}
	all := make(map[netip.Prefix]bool, len(peers))
	for i := range peers {
		p := &peers[i]
		all[p.Subnet] = true
		if had, ok := w.peers[p.Subnet]; !ok || had != *p {
			change[p.Subnet] = p
		}
	}
	for subnet := range w.peers {
		if !all[subnet] {
			change[subnet] = nil
		}
	}
	return change
}

// Change takes in, by subnet, peers that are new or changed, and those that are gone
// (nil). It returns the operations for a kernel that held State before. whole says
// that they do not suffice, and that State is to be compared with what the kernel
// holds. Errors name peers that are not taken in; the others are.
func (w *Wanted) Change(peers map[netip.Prefix]*Peer) (ops []Op, whole bool, err error) {
	var bad []error
	var subnets []netip.Prefix
	var macs []MAC
	var at []netip.Addr
	for subnet, p := range peers {
		if had, ok := w.peers[subnet]; ok {
			macs, at = append(macs, had.MAC), append(at, had.Underlay)
		}
		if p != nil {
			if err := w.check(*p); err != nil {
				bad = append(bad, err)
				w.leftOut[subnet] = err
				continue
			}
			macs, at = append(macs, p.MAC), append(at, p.Underlay)
		}
		subnets = append(subnets, subnet)
	}
	// Only State knows which of several hosts with one MAC counts.
	shared := func() bool { return slices.ContainsFunc(macs, func(m MAC) bool { return w.macCount[m] > 1 }) }
	wasFenced, whole, had := w.Fenced(), shared(), w.partOf(subnets, macs, at)
	for _, subnet := range subnets {
		w.remove(subnet)
		if p := peers[subnet]; p != nil {
			w.put(*p)
		}
	}
	has := w.partOf(subnets, macs, at)
	if wasFenced {
		had = fence(had)
	}
	if w.Fenced() {
		has = fence(has)
	} else if wasFenced {
		return nil, true, errors.Join(bad...) // all peers are to be programmed
	}
	return Plan(had, has), whole || shared(), errors.Join(bad...)
}

// Agrees reports whether an operation on a peer's entry leads to what is wanted, or
// leaves it so.
func (w *Wanted) Agrees(op Op) bool {
	s := w.State()
	switch o := op.(type) {
	case PutNeighbour:
		mac, ok := s.Neighbours[o.IP]
		return ok && mac == o.MAC
	case DeleteNeighbour:
		_, ok := s.Neighbours[o.IP]
		return !ok
	case PutForward:
		to, ok := s.Forwards[o.MAC]
		return ok && to == o.To
	case DeleteForward:
		to, ok := s.Forwards[o.MAC]
		return !ok || to != o.To
	case PutRoute:
		route, ok := s.Routes[o.Key]
		return ok && route == o.Route
	case DeleteRoute:
		route, ok := s.Routes[o.Key]
		return !ok || route.Via != o.Route.Via
	case AddHost:
		_, ok := s.Hosts[o.At]
		return ok
	case DeleteHost:
		_, ok := s.Hosts[o.At]
		return !ok
	}
	return false
}

// check returns an error that names what does not fit of a peer.
func (w *Wanted) check(p Peer) error {
	if !w.isOther(p) {
		return nil
	}
	if _, err := w.network.Index(p.Subnet); err != nil {
		return fmt.Errorf("peer %s: %w", p.Underlay, err)
	}
	if p.Underlay.Is4() != w.host.Underlay.Is4() {
		return fmt.Errorf("peer %s: its underlay address is not of the family of ours, %s", p.Underlay, w.host.Underlay)
	}
	return nil
}

// isOther reports whether p is another host.
func (w *Wanted) isOther(p Peer) bool {
	return p.Subnet != w.host.Subnet && p.Underlay != w.host.Underlay
}

func (w *Wanted) key(subnet netip.Prefix) RouteKey {
	i, _ := w.network.Index(subnet)
	return RouteKey{subnet, Metric(i)}
}

func (w *Wanted) put(p Peer) {
	w.remove(p.Subnet)
	w.peers[p.Subnet] = p
	if !w.isOther(p) {
		if p.Subnet != w.host.Subnet {
			w.leftOut[p.Subnet] = fmt.Errorf("that of %s has this host's own underlay address, %s", p.Subnet, p.Underlay)
		}
		return
	}
	route := Route{Via: p.Subnet.Addr()}
	if p.MTU != 0 && p.MTU < w.mtu {
		route.MTU = p.MTU
	}
	w.state.Neighbours[route.Via] = p.MAC
	w.state.Routes[w.key(p.Subnet)] = route
	w.macCount[p.MAC]++
	w.forward(p.MAC, p)
	w.underlayCount[p.Underlay]++
	w.state.Hosts[p.Underlay] = struct{}{}
}

func (w *Wanted) remove(subnet netip.Prefix) {
	p, ok := w.peers[subnet]
	delete(w.peers, subnet)
	delete(w.leftOut, subnet)
	if !ok || !w.isOther(p) {
		return
	}
	delete(w.state.Neighbours, subnet.Addr())
	delete(w.state.Routes, w.key(subnet))
	if w.underlayCount[p.Underlay]--; w.underlayCount[p.Underlay] == 0 {
		delete(w.underlayCount, p.Underlay)
		delete(w.state.Hosts, p.Underlay)
	}
	if w.macCount[p.MAC]--; w.macCount[p.MAC] == 0 {
		delete(w.macCount, p.MAC)
		delete(w.state.Forwards, p.MAC)
		return
	}
	w.forward(p.MAC, Peer{})
}

// forward notes behind which host a MAC is: p. It looks for other peers with that
// MAC, where somebody gave it to several, or where p is zero.
func (w *Wanted) forward(mac MAC, p Peer) {
	if w.macCount[mac] > 1 || !p.Subnet.IsValid() {
		for _, other := range w.peers {
			if other.MAC == mac && w.isOther(other) && (!p.Subnet.IsValid() || p.Subnet.Compare(other.Subnet) < 0) {
				p = other
			}
		}
	}
	w.state.Forwards[mac] = p.Underlay
}

// partOf is the state with only the peers' entries of these subnets, MACs and
// underlay addresses.
func (w *Wanted) partOf(subnets []netip.Prefix, macs []MAC, at []netip.Addr) State {
	s := w.state
	s.Neighbours, s.Forwards, s.Routes, s.Hosts = map[netip.Addr]MAC{}, map[MAC]netip.Addr{}, map[RouteKey]Route{}, map[netip.Addr]struct{}{}
	for _, subnet := range subnets {
		if mac, ok := w.state.Neighbours[subnet.Addr()]; ok {
			s.Neighbours[subnet.Addr()] = mac
			s.Routes[w.key(subnet)] = w.state.Routes[w.key(subnet)]
		}
	}
	for _, mac := range macs {
		if to, ok := w.state.Forwards[mac]; ok {
			s.Forwards[mac] = to
		}
	}
	for _, a := range at {
		if _, ok := w.state.Hosts[a]; ok {
			s.Hosts[a] = struct{}{}
		}
	}
	return s
}
