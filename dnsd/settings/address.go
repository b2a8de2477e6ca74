package settings

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"rundock/dnsd/answer"
	"rundock/dnsd/forward"
)

func upstream(s string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.AddrPortFrom(a, 53), nil
	}
	ap, err := netip.ParseAddrPort(s)
	if err != nil {
		return ap, fmt.Errorf("%q is no IP address, with or without a port", s)
	}
	if ap.Port() == 0 {
		return ap, fmt.Errorf("%q: nothing answers on port 0", s)
	}
	return ap, nil
}

// stubs puts the servers of each zone together.
func stubs(values []string) (all []forward.Stub, wrong error) {
	for _, v := range values {
		name, address, _ := strings.Cut(v, "=")
		z, err := answer.NewZone(name)
		server, e := upstream(address)
		for _, err := range []error{err, e} {
			if err != nil {
				wrong = errors.Join(wrong, fmt.Errorf("--stub: %w", err))
			}
		}
		if err != nil || e != nil {
			continue
		}
		i := slices.IndexFunc(all, func(s forward.Stub) bool { return s.Zone == z.Name })
		if i < 0 {
			i, all = len(all), append(all, forward.Stub{Zone: z.Name})
		}
		all[i].Upstreams = append(all[i].Upstreams, server)
	}
	return all, wrong
}

func network(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Prefix(a.BitLen())
	}
	return netip.ParsePrefix(s)
}

// reachable turns the URLs a store listens on into ones to connect to.
func reachable(listen []string) []string {
	var urls []string
	for _, s := range listen {
		if u, err := url.Parse(s); err == nil {
			if ap, err := netip.ParseAddrPort(u.Host); err == nil && ap.Addr().IsUnspecified() {
				loopback := netip.IPv6Loopback()
				if ap.Addr().Is4() {
					loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})
				}
				u.Host = netip.AddrPortFrom(loopback, ap.Port()).String()
				s = u.String()
			}
		}
		urls = append(urls, s)
	}
	return urls
}
