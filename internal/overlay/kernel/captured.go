package kernel

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"rundock/internal/overlay"
)

// captured names the addresses of a network that this host takes for its own, by an
// address of a device that is not the network's, or by a local route: packets to a
// container that has one never reach it.
func (k *Kernel) captured(n overlay.Network) ([]overlay.Fault, error) {
	type taken struct {
		to   netip.Prefix
		link int
	}
	var all []taken
	ask := append([]byte{unix.AF_INET, 0, 0, 0, unix.RT_TABLE_LOCAL}, make([]byte, rtmsgBytes-5)...)
	err := k.batch.list(unix.RTM_GETROUTE, ask, nil, rtmsgBytes, func(fixed []byte, a *attributes) {
		if to := destination(fixed, a); fixed[4] == unix.RT_TABLE_LOCAL && fixed[7] == unix.RTN_LOCAL && to.Bits() >= n.CIDR.Bits() && to.Overlaps(n.CIDR) {
			all = append(all, taken{to, a.number(unix.RTA_OIF)})
		}
	})
	if err != nil {
		return nil, fmt.Errorf("list the routes of table local: %w", err)
	}
	slices.SortFunc(all, func(a, b taken) int { return a.to.Compare(b.to) })
	var faults []overlay.Fault
	for _, t := range all {
		dev, err := k.rt.LinkByIndex(t.link)
		if err != nil {
			continue // it went meanwhile, and the route with it
		}
		name := dev.Attrs().Name
		if name == n.Bridge() || name == n.Vxlan() {
			continue
		}
		f := overlay.Fault{
			What: fmt.Sprintf("the route local %s dev %s, which is not the network's, has this host take packets to there for its own, which are for containers of network %s", t.to, name, n.Name),
			Next: fmt.Sprintf("ip route del local %s dev %s table local, and see which program made it", t.to, name),
		}
		addresses, err := k.rt.AddrList(dev, unix.AF_INET)
		if err != nil {
			return nil, fmt.Errorf("addresses of device %s: %w", name, err)
		}
		if i := slices.IndexFunc(addresses, func(a netlink.Addr) bool { return prefix(a.IPNet).Addr() == t.to.Addr() && t.to.IsSingleIP() }); i >= 0 {
			at := prefix(addresses[i].IPNet)
			f = overlay.Fault{
				What: fmt.Sprintf("the address %s of interface %s is in network %s, and not the network's: this host takes packets to it for its own, whichever container has it", at, name, n.Name),
				Next: fmt.Sprintf("ip addr del %s dev %s, and see which program made it", at, name),
			}
		}
		faults = append(faults, f)
	}
	return faults, nil
}
