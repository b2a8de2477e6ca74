// Package ifaddr chooses the address that stands for a network interface.
package ifaddr

import (
	"net"
	"net/netip"
)

// First is the first IPv4 address in list, or its first global IPv6 one where
// it has no IPv4 one. It is invalid where list has neither. list is what
// net.Interface.Addrs returns.
func First(list []net.Addr) netip.Addr {
	var six netip.Addr
	for _, each := range list {
		p, err := netip.ParsePrefix(each.String())
		if err != nil {
			continue
		}
		if a := p.Addr().Unmap(); a.Is4() {
			return a
		} else if a.IsGlobalUnicast() && !six.IsValid() {
			six = a
		}
	}
	return six
}

// Has reports whether a is in list.
func Has(list []net.Addr, a netip.Addr) bool {
	for _, each := range list {
		if p, err := netip.ParsePrefix(each.String()); err == nil && p.Addr().Unmap() == a {
			return true
		}
	}
	return false
}
