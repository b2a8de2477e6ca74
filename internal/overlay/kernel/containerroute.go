package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"rundock/internal/overlay"
)

// EnsureContainerRoute gives the container whose network namespace is at path a route to all
// of the network by its gateway, as
//
//	ip route replace 10.42.0.0/16 via 10.42.3.1 dev eth1 proto 82
//
// does there, and reports whether it changed anything. A container in several
// networks has a default route in one of them, and would answer to the other
// hosts of the rest by that one, where their tables drop it. at is its address
// in the network; there is unset as long as the container does not have that
// yet. One that has gone needs nothing more. Where the default route is an internal network's,
// another network is the way out, see ensureWayOut.
func EnsureContainerRoute(path string, n overlay.Network, subnet netip.Prefix, at netip.Addr) (there, changed bool, err error) {
	err = inNamespace(path, func() error {
		rt, err := netlink.NewHandle(unix.NETLINK_ROUTE)
		if err != nil {
			return fmt.Errorf("open netlink: %w", err)
		}
		defer rt.Close()
		if there, changed, err = ensureRoute(rt, n, subnet, at); err != nil || !there {
			return err
		}
		return ensureWayOut(rt)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return true, false, nil // dockerd has named it once it was there
	}
	if err != nil {
		return false, false, fmt.Errorf("route to %s in the container at %s: %w", n.CIDR, at, err)
	}
	return there, changed, nil
}

// ensureRoute is EnsureContainerRoute in the container's namespace.
func ensureRoute(rt *netlink.Handle, n overlay.Network, subnet netip.Prefix, at netip.Addr) (there, changed bool, err error) {
	addresses, err := rt.AddrList(nil, netlink.FAMILY_V4)
	if err != nil {
		return false, false, fmt.Errorf("list addresses: %w", err)
	}
	for _, a := range addresses {
		if got, ok := netip.AddrFromSlice(a.IP.To4()); !ok || got != at {
			continue
		}
		route := netlink.Route{
			LinkIndex: a.LinkIndex, Protocol: overlay.Protocol, Gw: overlay.Gateway(subnet).AsSlice(),
			Dst: &net.IPNet{IP: n.CIDR.Addr().AsSlice(), Mask: net.CIDRMask(n.CIDR.Bits(), 32)},
		}
		if n.Internal {
			route.Priority = internalMetric
		}
		const all = netlink.RT_FILTER_OIF | netlink.RT_FILTER_PROTOCOL | netlink.RT_FILTER_GW | netlink.RT_FILTER_DST
		has, err := rt.RouteListFiltered(netlink.FAMILY_V4, &route, all)
		if err != nil {
			return false, false, fmt.Errorf("list routes: %w", err)
		}
		if len(has) > 0 {
			return true, false, nil
		}
		link, err := rt.LinkByIndex(a.LinkIndex)
		if err != nil {
			return false, false, fmt.Errorf("look at the device of %s: %w", at, err)
		}
		if link.Attrs().Flags&net.FlagUp == 0 {
			continue // Docker is not done with it
		}
		return true, true, rt.RouteReplace(&route)
	}
	return false, false, nil
}
