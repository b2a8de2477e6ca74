package overlay

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

// rival is a route of others that takes packets away from a network.
type rival struct {
	to     netip.Prefix
	via    netip.Addr
	dev    string
	metric int
	table  int // not the main one's rules lead there
}

// wins reports whether a route of the main table to a part of the network, or
// all of it, is taken before those of n: it is longer than a host's subnet, or
// is to one, with a lower metric than a peer's route has there, or takes what
// is for nobody.
func (r rival) wins(n Network) bool {
	switch bits := r.to.Bits(); {
	case bits < n.CIDR.Bits() || !r.to.Overlaps(n.CIDR):
		return false
	case bits == n.CIDR.Bits():
		return r.metric < nowhereMetric
	case bits == n.SubnetLength:
		i, err := n.Index(r.to)
		return err == nil && r.metric < metric(i)
	}
	return true
}

// fault names it, and what takes it away.
func (r rival) fault(n Network) Fault {
	route := r.to.String()
	if r.via.IsValid() {
		route += " via " + r.via.String()
	}
	if r.dev != "" {
		route += " dev " + r.dev
	}
	if r.table != unix.RT_TABLE_MAIN {
		return Fault{
			What: fmt.Sprintf("the route %s of table %d, to which a rule leads (ip rule), takes packets away from network %s", route, r.table, n.Name),
			Next: fmt.Sprintf("have the rules lead to %s to table main first, such as ip rule add to %[1]s lookup main priority 100; see which program makes them", n.CIDR),
		}
	}
	return Fault{
		What: fmt.Sprintf("the route %s, which is not the network's, takes packets away from network %s", route, n.Name),
		Next: fmt.Sprintf("ip route del %s metric %d, and see which program made it", route, r.metric),
	}
}

// asked is how many peers the kernel is asked for in one look: of more, others
// the next time.
const asked = 64

// rivals collects routes of others that win against those of a network.
type rivals struct {
	kernel  *Kernel
	network Network
	found   []rival
}

// note takes a route in, if it wins.
func (rs *rivals) note(fixed []byte, a *attributes) {
	r := rival{to: netip.PrefixFrom(a.address(unix.RTA_DST), int(fixed[1])), via: a.address(unix.RTA_GATEWAY), metric: a.number(unix.RTA_PRIORITY), table: int(fixed[4])}
	if t := a.number(unix.RTA_TABLE); t != 0 {
		r.table = t
	}
	if fixed[5] == Protocol && fixed[7] == unix.RTN_UNREACHABLE || r.table == unix.RT_TABLE_MAIN && !(r.to.IsValid() && r.wins(rs.network)) {
		return
	}
	if l, err := rs.kernel.rt.LinkByIndex(a.number(unix.RTA_OIF)); err == nil {
		r.dev = l.Attrs().Name
	}
	if r.dev != rs.network.Bridge() && r.dev != rs.network.Vxlan() && !slices.Contains(rs.found, r) {
		rs.found = append(rs.found, r)
	}
}

// ask has the kernel say which route it takes to some of the listed peers:
// rules may lead it to other tables than the main one.
func (rs *rivals) ask(l *listing) error {
	k := rs.kernel
	for range min(asked, len(l.routes)) {
		k.next = (k.next + 1) % len(l.routes)
		err := k.batch.routeTo(Gateway(l.routes[k.next].key.Subnet), func(fixed []byte, a *attributes) {
			if fixed[4] != unix.RT_TABLE_MAIN {
				rs.note(fixed, a)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// faults are those of the host in all, the network's end first.
func (rs *rivals) faults(underlay netip.Addr, l *listing) ([]Fault, error) {
	if err := rs.ask(l); err != nil {
		return nil, fmt.Errorf("routes that are taken to peers: %w", err)
	}
	slices.SortFunc(rs.found, func(a, b rival) int { return cmp.Or(a.to.Compare(b.to), cmp.Compare(a.metric, b.metric)) })
	var all []Fault
	for _, r := range rs.found {
		all = append(all, r.fault(rs.network))
	}
	host, err := faults(underlay)
	return append(all, host...), err
}
