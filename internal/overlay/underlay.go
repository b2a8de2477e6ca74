package overlay

import (
	"fmt"
	"net"
	"net/netip"

	"rundock/internal/ifaddr"
)

// Underlay is how other hosts reach this one.
type Underlay struct {
	Interface string
	Address   netip.Addr
	MTU       int
}

// CheckReachable returns an error if other hosts cannot reach this one by u, as each
// has such an address for itself.
func (u Underlay) CheckReachable() error {
	what := ""
	switch a := u.Address; {
	case a.IsLoopback():
		what = "is every host's own, by which no other reaches it"
	case a.Is4() && a.IsLinkLocalUnicast():
		return nil // a cable's, if hosts have no other
	case a.IsLinkLocalUnicast():
		what = "is of one link alone"
	case !a.IsGlobalUnicast():
		what = "is not a host's"
	default:
		return nil
	}
	return fmt.Errorf("underlay: the address %s of interface %s %s: give underlay the interface, or the address, by which the other hosts reach this one", u.Address, u.Interface, what)
}

// CheckConflicts returns an error that names the overlay network of this host that
// contains u. The hosts of that network would take what u carries for packets of a
// container, and drop them.
func (u Underlay) CheckConflicts(others []Network) error {
	for _, o := range others {
		if o.CIDR.Contains(u.Address) {
			return fmt.Errorf("underlay: the address %s of interface %s is in network %s, which carries no other network: give underlay the interface, or the address, by which the other hosts reach this one without it",
				u.Address, u.Interface, o.Name)
		}
	}
	return nil
}

// FindUnderlay looks for an interface of that name, of which it takes the
// first IPv4 address or else the first global IPv6 one, or for the interface
// that has that address.
func FindUnderlay(setting string) (Underlay, error) {
	wanted, notAddress := netip.ParseAddr(setting)
	all, err := net.Interfaces()
	if err != nil {
		return Underlay{}, fmt.Errorf("underlay %s: %w", setting, err)
	}
	for _, i := range all {
		if notAddress != nil && i.Name != setting {
			continue
		}
		found, err := i.Addrs()
		if err != nil {
			return Underlay{}, fmt.Errorf("underlay %s: addresses of %s: %w", setting, i.Name, err)
		}
		if notAddress == nil {
			if ifaddr.Has(found, wanted) {
				return Underlay{i.Name, wanted, i.MTU}, nil
			}
			continue
		}
		if a := ifaddr.First(found); a.IsValid() {
			return Underlay{i.Name, a, i.MTU}, nil
		}
		return Underlay{}, fmt.Errorf("underlay %s: the interface has no address", setting)
	}
	if notAddress == nil {
		return Underlay{}, fmt.Errorf("underlay %s: no interface of this host has the address", setting)
	}
	return Underlay{}, fmt.Errorf("underlay %s: there is no such interface", setting)
}
