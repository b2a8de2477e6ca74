package kernel

import (
	"fmt"
	"net"
	"slices"

	"github.com/vishvananda/netlink"

	"rundock/internal/overlay"
)

// internalMetric tells, in a container, the route to an internal network from those to
// others, which have metric 0: the agents of the container's other networks know nothing else
// of it.
const internalMetric = 1

// halves are all addresses in two networks, each of which is before a default route.
var halves = []*net.IPNet{
	{IP: net.IPv4(0, 0, 0, 0).To4(), Mask: net.CIDRMask(1, 32)},
	{IP: net.IPv4(128, 0, 0, 0).To4(), Mask: net.CIDRMask(1, 32)},
}

// ensureWayOut has a container whose default route is that of an internal network go out by
// another network of ours, if it is in one:
//
//	ip route replace 0.0.0.0/1 via 10.42.3.1 dev eth1 proto 82
//	ip route replace 128.0.0.0/1 via 10.42.3.1 dev eth1 proto 82
//
// Before version 28 Docker takes the default route of the network whose name comes first
// in the alphabet. It stays where it is, as Docker fails to join or leave a network where
// another one has its place.
func ensureWayOut(rt *netlink.Handle) error {
	routes, err := rt.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("list routes: %w", err)
	}
	out, ok := wayOut(routes)
	if !ok {
		return nil
	}
	for _, half := range halves {
		route := netlink.Route{LinkIndex: out.LinkIndex, Protocol: overlay.Protocol, Gw: out.Gw, Dst: half}
		same := func(r netlink.Route) bool {
			return r.Dst != nil && r.Dst.String() == half.String() && r.LinkIndex == out.LinkIndex && r.Gw.Equal(out.Gw)
		}
		if slices.ContainsFunc(routes, same) {
			continue
		}
		if err := rt.RouteReplace(&route); err != nil {
			return fmt.Errorf("way out by %s: %w", out.Gw, err)
		}
	}
	return nil
}

// wayOut is, of the routes in a container whose default route is that of an internal
// network, that to another network of ours: of several the first interface's.
func wayOut(routes []netlink.Route) (out netlink.Route, ok bool) {
	ours := func(r netlink.Route, metric int) bool {
		return r.Protocol == overlay.Protocol && r.Priority == metric && r.Gw != nil && length(r.Dst) > 1
	}
	inward := slices.ContainsFunc(routes, func(d netlink.Route) bool {
		return length(d.Dst) == 0 && slices.ContainsFunc(routes, func(r netlink.Route) bool {
			return ours(r, internalMetric) && r.LinkIndex == d.LinkIndex && r.Gw.Equal(d.Gw)
		})
	})
	if !inward {
		return out, false
	}
	for _, r := range routes {
		if ours(r, 0) && (!ok || r.LinkIndex < out.LinkIndex) {
			out, ok = r, true
		}
	}
	return out, ok
}

// length is that of a route's destination: 0 of a default route, 1 of halves.
func length(dst *net.IPNet) int {
	if dst == nil {
		return 0
	}
	ones, _ := dst.Mask.Size()
	return ones
}
