package kernel

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"rundock/internal/overlay"
)

// isLocal reports whether packets to an address are taken in by this host.
func (b *batch) isLocal(to netip.Addr) (is bool, err error) {
	if !to.IsValid() {
		return false, nil
	}
	err = b.routeTo(to, func(fixed []byte, _ *attributes) { is = fixed[7] == unix.RTN_LOCAL })
	return is, err
}

// lostUnderlayRoute names the interface of an address of this host whose packets the
// kernel does not take in; "" where it does, or where no interface has the address.
// A new address of IPv6 is left out until the kernel has found that nobody else has
// it.
func (k *Kernel) lostUnderlayRoute(a netip.Addr) (string, error) {
	is, err := k.batch.isLocal(a)
	if err != nil || is || !a.IsValid() {
		return "", err
	}
	u, err := overlay.FindUnderlay(a.String())
	if err != nil {
		return "", nil // it is of another host's now
	}
	if a.Is6() {
		if tentative, err := k.tentative(a); err != nil || tentative {
			return "", err
		}
		if is, err = k.batch.isLocal(a); err != nil || is { // as of between the two looks
			return "", err
		}
	}
	return u.Interface, nil
}

// tentative reports whether the kernel still looks for others that have an
// address of IPv6 (RFC 4862, 5.4).
func (k *Kernel) tentative(a netip.Addr) (bool, error) {
	all, err := k.rt.AddrList(nil, netlink.FAMILY_V6)
	if err != nil {
		return false, fmt.Errorf("list the addresses of IPv6: %w", err)
	}
	return slices.ContainsFunc(all, func(b netlink.Addr) bool {
		return b.Flags&unix.IFA_F_TENTATIVE != 0 && b.IP.Equal(a.AsSlice())
	}), nil
}

// addLocalRoute has packets to an address of a device taken in.
func (k *Kernel) addLocalRoute(dev netlink.Link, a netip.Addr) error {
	r := &netlink.Route{
		LinkIndex: dev.Attrs().Index, Dst: ipNet(netip.PrefixFrom(a, a.BitLen())), Type: unix.RTN_LOCAL,
		Table: unix.RT_TABLE_LOCAL, Protocol: unix.RTPROT_KERNEL,
	}
	if a.Is4() {
		r.Scope, r.Src = netlink.SCOPE_HOST, a.AsSlice()
	}
	return k.rt.RouteReplace(r)
}
