package overlay

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Inside gives the container whose network namespace is at path a route to all
// of the network by its gateway, as
//
//	ip route replace 10.42.0.0/16 via 10.42.3.1 dev eth1 proto 82
//
// does there. A container in several networks has a default route in one of
// them, and would answer to the other hosts of the rest by that one, where
// their tables drop it. at is its address in the network; it reports whether
// the container has that yet. One that has gone needs nothing more.
func Inside(path string, n Network, subnet netip.Prefix, at netip.Addr) (bool, error) {
	there := false
	err := within(path, func() error {
		rt, err := netlink.NewHandle(unix.NETLINK_ROUTE)
		if err != nil {
			return fmt.Errorf("open netlink: %w", err)
		}
		defer rt.Close()
		addresses, err := rt.AddrList(nil, netlink.FAMILY_V4)
		if err != nil {
			return fmt.Errorf("list addresses: %w", err)
		}
		for _, a := range addresses {
			if got, ok := netip.AddrFromSlice(a.IP.To4()); !ok || got != at {
				continue
			}
			link, err := rt.LinkByIndex(a.LinkIndex)
			if err != nil {
				return fmt.Errorf("look at the device of %s: %w", at, err)
			}
			if link.Attrs().Flags&net.FlagUp == 0 {
				continue // Docker is not done with it
			}
			there = true
			return rt.RouteReplace(&netlink.Route{
				LinkIndex: a.LinkIndex, Protocol: Protocol, Gw: Gateway(subnet).AsSlice(),
				Dst: &net.IPNet{IP: n.CIDR.Addr().AsSlice(), Mask: net.CIDRMask(n.CIDR.Bits(), 32)},
			})
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil // dockerd has named it once it was there
	}
	if err != nil {
		return false, fmt.Errorf("route to %s in the container at %s: %w", n.CIDR, at, err)
	}
	return there, nil
}
