package kernel

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"rundock/internal/overlay"
)

// rival is another program's route that takes packets away from a network.
type rival struct {
	to     netip.Prefix
	via    netip.Addr
	dev    string
	metric int
	table  int    // other than main: rules lead there
	kind   string // blackhole, unreachable or prohibit: packets are refused; "": they are sent
}

// refusals are the kinds of routes that have packets refused, and of rules, by
// their number (RTN_BLACKHOLE is FR_ACT_BLACKHOLE, and so on).
var refusals = map[byte]string{unix.RTN_BLACKHOLE: "blackhole", unix.RTN_UNREACHABLE: "unreachable", unix.RTN_PROHIBIT: "prohibit"}

// refusedBy are the kinds of routes and rules that the kernel's answer tells of.
var refusedBy = map[unix.Errno]struct{ route, rule byte }{
	unix.EINVAL:       {unix.RTN_BLACKHOLE, unix.RTN_BLACKHOLE},
	unix.EACCES:       {unix.RTN_PROHIBIT, unix.RTN_PROHIBIT},
	unix.EHOSTUNREACH: {route: unix.RTN_UNREACHABLE},
	unix.ENETUNREACH:  {rule: unix.RTN_UNREACHABLE},
}

// wins reports whether the kernel takes r, a route of the main table to a part of the
// network or all of it, before those of n: r is longer than a host's subnet, or
// leads to one with a lower metric than a peer's route has, or takes what is for
// nobody.
func (r rival) wins(n overlay.Network) bool {
	switch bits := r.to.Bits(); {
	case bits < n.CIDR.Bits() || !r.to.Overlaps(n.CIDR):
		return false
	case bits == n.CIDR.Bits():
		return r.metric < overlay.UnreachableMetric
	case bits == n.SubnetLength:
		i, err := n.Index(r.to)
		return err == nil && r.metric < overlay.Metric(i)
	}
	return true
}

// fault names r, and the command that deletes it.
func (r rival) fault(n overlay.Network) overlay.Fault {
	route := strings.TrimPrefix(r.kind+" "+r.to.String(), " ")
	if r.via.IsValid() {
		route += " via " + r.via.String()
	}
	if r.dev != "" {
		route += " dev " + r.dev
	}
	if r.table != unix.RT_TABLE_MAIN {
		return overlay.Fault{
			What: fmt.Sprintf("the route %s of table %d, to which a rule leads (ip rule), takes packets away from network %s", route, r.table, n.Name),
			Next: fmt.Sprintf("have the rules lead to %s to table main first, such as ip rule add to %[1]s lookup main priority 100; see which program makes them", n.CIDR),
		}
	}
	return overlay.Fault{
		What: fmt.Sprintf("the route %s, which is not the network's, takes packets away from network %s", route, n.Name),
		Next: fmt.Sprintf("ip route del %s metric %d, and see which program made it", route, r.metric),
	}
}

// peersAsked is about how many peers the kernel is asked in one look; where there are
// more, the next look asks about others.
const peersAsked = 64

// rivals collects routes of others that win against those of a network.
type rivals struct {
	kernel  *Kernel
	network overlay.Network
	found   []rival
	rules   []overlay.Fault // of rules that refuse packets by themselves
}

// add takes a route in if it wins.
func (rs *rivals) add(fixed []byte, a *attributes) {
	r := rival{to: destination(fixed, a), via: a.address(unix.RTA_GATEWAY), metric: a.number(unix.RTA_PRIORITY), table: int(fixed[4]), kind: refusals[fixed[7]]}
	if t := a.number(unix.RTA_TABLE); t != 0 {
		r.table = t
	}
	if fixed[5] == overlay.Protocol && fixed[7] == unix.RTN_UNREACHABLE || r.table == unix.RT_TABLE_MAIN && !(r.to.IsValid() && r.wins(rs.network)) {
		return
	}
	if l, err := rs.kernel.rt.LinkByIndex(a.number(unix.RTA_OIF)); err == nil {
		r.dev = l.Attrs().Name
	}
	if r.dev != rs.network.Bridge() && r.dev != rs.network.Vxlan() && !slices.Contains(rs.found, r) {
		rs.found = append(rs.found, r)
	}
}

// destination is a route's; 0.0.0.0/0 of a default route, which has none.
func destination(fixed []byte, a *attributes) netip.Prefix {
	if to := a.address(unix.RTA_DST); to.IsValid() {
		return netip.PrefixFrom(to, int(fixed[1]))
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
}

// refused notes which route or rule refuses packets to an address, by the kernel's
// answer. Routes of the main table are listed anyway.
func (rs *rivals) refused(to netip.Addr, answer unix.Errno) error {
	by, known := refusedBy[answer]
	if !known {
		return nil
	}
	if by.route != 0 {
		err := rs.kernel.batch.refusingRoutes(by.route, func(fixed []byte, a *attributes) {
			if fixed[4] != unix.RT_TABLE_MAIN && destination(fixed, a).Contains(to) {
				rs.add(fixed, a)
			}
		})
		if err != nil {
			return err
		}
	}
	if by.rule == 0 {
		return nil
	}
	return rs.kernel.batch.rules(func(fixed []byte, a *attributes) {
		if fixed[7] != by.rule || !destination(fixed, a).Contains(to) {
			return
		}
		priority := a.number(unix.FRA_PRIORITY)
		f := overlay.Fault{
			What: fmt.Sprintf("the rule %s of priority %d (ip rule) refuses packets to network %s", refusals[by.rule], priority, rs.network.Name),
			Next: fmt.Sprintf("ip rule del priority %d, and see which program made it", priority),
		}
		if !slices.Contains(rs.rules, f) {
			rs.rules = append(rs.rules, f)
		}
	})
}

// askKernel asks the kernel which routes the packets of the host, and those of its
// containers, take to some of the listed peers: rules may lead them to other tables
// than the main one.
func (rs *rivals) askKernel(l *listing, bridge overlay.Link) error {
	senders := []sender{{}}
	if br, err := rs.kernel.rt.LinkByName(bridge.Name); err == nil && bridge.Up && bridge.Forwarding && bridge.Connected {
		senders = append(senders, sender{bridge.Address.Addr().Next(), br.Attrs().Index})
	}
	k := rs.kernel
	for range min(peersAsked, len(l.routes)) {
		k.next = (k.next + 1) % len(l.routes)
		to := overlay.Gateway(l.routes[k.next].key.Subnet)
		for _, by := range senders {
			refusal, err := k.batch.routeFor(to, by, func(fixed []byte, a *attributes) {
				own := fixed[4] == unix.RT_TABLE_LOCAL && fixed[7] == unix.RTN_LOCAL // see captured
				if fixed[4] != unix.RT_TABLE_MAIN && !own {
					rs.add(fixed, a)
				}
			})
			if err == nil {
				err = rs.refused(to, refusal)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// faults are all those of the host, what ends the network first.
func (rs *rivals) faults(underlay netip.Addr, l *listing, bridge overlay.Link) ([]overlay.Fault, error) {
	if err := rs.askKernel(l, bridge); err != nil {
		return nil, fmt.Errorf("routes that are taken to peers: %w", err)
	}
	slices.SortFunc(rs.found, func(a, b rival) int { return cmp.Or(a.to.Compare(b.to), cmp.Compare(a.metric, b.metric)) })
	var all []overlay.Fault
	for _, r := range rs.found {
		all = append(all, r.fault(rs.network))
	}
	all = append(all, rs.rules...)
	captured, err := rs.kernel.captured(rs.network)
	if err != nil {
		return nil, err
	}
	host, err := faults(underlay)
	return slices.Concat(all, captured, host), err
}
