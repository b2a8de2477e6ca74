package kernel

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"

	"rundock/internal/overlay"
)

// Lists of peers' entries are read here and not by the library, which makes
// dozens of objects of each, for the same reason as requests are.

const (
	ndmsgBytes = 12 // struct ndmsg: family, padding, index, state, flags, type
	rtmsgBytes = 12 // struct rtmsg: family, lengths, tos, table, protocol, scope, type, flags
)

func permanent(ndmsg []byte) bool {
	return binary.NativeEndian.Uint16(ndmsg[8:])&unix.NUD_PERMANENT != 0
}

// routeOf reads a route; ours says that it is of our protocol, in the main
// table, for any type of service, and no default route.
func routeOf(rtmsg []byte, a *attributes) (key overlay.RouteKey, r overlay.Route, ours bool) {
	to := a.address(unix.RTA_DST)
	key = overlay.RouteKey{Subnet: netip.PrefixFrom(to, int(rtmsg[1])), Metric: a.number(unix.RTA_PRIORITY)}
	r.Via = a.address(unix.RTA_GATEWAY)
	if of := a[unix.RTA_METRICS]; len(of) > 0 {
		var metrics attributes
		metrics.read(of)
		r.MTU = metrics.number(unix.RTAX_MTU)
	}
	return key, r, to.IsValid() && rtmsg[0] == unix.AF_INET && rtmsg[3] == 0 && rtmsg[4] == unix.RT_TABLE_MAIN && rtmsg[5] == overlay.Protocol
}

// neighbours gives the permanent entries of a device: of AF_INET, or
// AF_BRIDGE's, which are the forwarding entries.
func (b *batch) neighbours(family byte, index int, each func(overlay.MAC, netip.Addr)) error {
	ask := append([]byte{family}, make([]byte, ndmsgBytes-1)...)
	return b.list(unix.RTM_GETNEIGH, ask, attribute32(nil, unix.NDA_IFINDEX, uint32(index)), ndmsgBytes, func(fixed []byte, a *attributes) {
		if fixed[0] != family || int(binary.NativeEndian.Uint32(fixed[4:])) != index || !permanent(fixed) {
			return
		}
		if to := a.address(unix.NDA_DST); to.IsValid() && len(a[unix.NDA_LLADDR]) == len(overlay.MAC{}) {
			each(overlay.MAC(a[unix.NDA_LLADDR]), to)
		}
	})
}

// routes gives those of our protocol in the main table that lead to a device,
// and, as it sees them anyway, those that lead elsewhere.
func (b *batch) routes(index int, each func(overlay.RouteKey, overlay.Route), elsewhere func(fixed []byte, a *attributes)) error {
	return b.mainRoutes(func(fixed []byte, a *attributes) {
		if a.number(unix.RTA_OIF) != index {
			elsewhere(fixed, a)
		} else if key, r, ours := routeOf(fixed, a); ours {
			each(key, r)
		}
	})
}

// mainRoutes gives all routes of the main table.
func (b *batch) mainRoutes(each func(fixed []byte, a *attributes)) error {
	ask := append([]byte{unix.AF_INET, 0, 0, 0, unix.RT_TABLE_MAIN}, make([]byte, rtmsgBytes-5)...)
	return b.list(unix.RTM_GETROUTE, ask, nil, rtmsgBytes, each)
}

// unreachable reports whether a route of ours has packets to a network answered as
// unreachable.
func (b *batch) unreachable(network netip.Prefix) (is bool, err error) {
	ask := append([]byte{unix.AF_INET, 0, 0, 0, unix.RT_TABLE_MAIN, overlay.Protocol, 0, unix.RTN_UNREACHABLE}, make([]byte, rtmsgBytes-8)...)
	err = b.list(unix.RTM_GETROUTE, ask, nil, rtmsgBytes, func(fixed []byte, a *attributes) {
		key, _, ours := routeOf(fixed, a)
		is = is || ours && fixed[7] == unix.RTN_UNREACHABLE && key == overlay.RouteKey{Subnet: network, Metric: overlay.UnreachableMetric}
	})
	return is, err
}

// connected reports whether a network is routed to a device by whomever.
func (b *batch) connected(network netip.Prefix, index int) (is bool, err error) {
	if !network.IsValid() {
		return false, nil
	}
	look := func(fixed []byte, a *attributes) {
		key, r, _ := routeOf(fixed, a)
		is = is || fixed[4] == unix.RT_TABLE_MAIN && key.Subnet == network && !r.Via.IsValid() && a.number(unix.RTA_OIF) == index
	}
	// The route of one of its addresses is mostly it; a list goes through all
	// routes to other hosts.
	if err := b.routeTo(overlay.Gateway(network).Next(), look); err != nil || is {
		return is, err
	}
	err = b.routesOf(unix.RTPROT_UNSPEC, index, look)
	return is, err
}

// routeTo gives the route that packets to an address take, if any does.
func (b *batch) routeTo(to netip.Addr, each func(fixed []byte, a *attributes)) error {
	_, err := b.routeFor(to, sender{}, each)
	return err
}

// sender is who sends packets, as rules tell them apart; the zero one is the
// host itself.
type sender struct {
	from netip.Addr
	iif  int // the index of the device by which they come
}

// routeFor is routeTo for a sender. Where a route or a rule refuses packets the
// kernel gives no route, and routeFor returns the refusal; 0 is none.
func (b *batch) routeFor(to netip.Addr, by sender, each func(fixed []byte, a *attributes)) (refusal unix.Errno, err error) {
	family, flags := byte(unix.AF_INET6), uint32(unix.RTM_F_FIB_MATCH)
	if to.Is4() {
		family, flags = unix.AF_INET, flags|unix.RTM_F_LOOKUP_TABLE
	}
	ask := append([]byte{family, byte(to.BitLen())}, make([]byte, rtmsgBytes-6)...)
	ask = binary.NativeEndian.AppendUint32(ask, flags)
	if by.iif != 0 {
		ask[2] = byte(by.from.BitLen())
	}
	b.message = attributeAddress(begin(b.message[:0], unix.RTM_GETROUTE, 0, ask...), unix.RTA_DST, to)
	if by.iif != 0 {
		b.message = attribute32(attributeAddress(b.message, unix.RTA_SRC, by.from), unix.RTA_IIF, uint32(by.iif))
	}
	b.message = finish(b.message, 0)
	err = b.ask(func(m message) error {
		switch {
		case m.kind == unix.RTM_NEWROUTE && len(m.data) >= rtmsgBytes:
			b.parsed.read(m.data[rtmsgBytes:])
			each(m.data[:rtmsgBytes], &b.parsed)
		case m.kind == unix.NLMSG_ERROR:
			errors.As(m.errno(), &refusal)
		}
		return nil
	})
	return refusal, err
}

// refusingRoutes gives the routes of a kind, such as blackhole, of all tables.
func (b *batch) refusingRoutes(kind byte, each func(fixed []byte, a *attributes)) error {
	ask := append([]byte{unix.AF_INET, 0, 0, 0, 0, 0, 0, kind}, make([]byte, rtmsgBytes-8)...)
	return b.list(unix.RTM_GETROUTE, ask, nil, rtmsgBytes, func(fixed []byte, a *attributes) {
		if fixed[7] == kind {
			each(fixed, a)
		}
	})
}

// rules gives those by which the kernel chooses a table, or refuses packets
// itself (struct fib_rule_hdr, of the form of struct rtmsg).
func (b *batch) rules(each func(fixed []byte, a *attributes)) error {
	return b.list(unix.RTM_GETRULE, append([]byte{unix.AF_INET}, make([]byte, rtmsgBytes-1)...), nil, rtmsgBytes, each)
}

func (b *batch) routesOf(protocol byte, index int, each func(fixed []byte, a *attributes)) error {
	ask := append([]byte{unix.AF_INET, 0, 0, 0, unix.RT_TABLE_MAIN, protocol}, make([]byte, rtmsgBytes-6)...)
	return b.list(unix.RTM_GETROUTE, ask, attribute32(nil, unix.RTA_OIF, uint32(index)), rtmsgBytes, func(fixed []byte, a *attributes) {
		if a.number(unix.RTA_OIF) == index {
			each(fixed, a)
		}
	})
}
