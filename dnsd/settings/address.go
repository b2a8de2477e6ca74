package settings

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"rundock/dnsd/answer"
	"rundock/dnsd/forward"
	"rundock/dnsd/store"
	"rundock/internal/registry/etcd"
)

func upstream(s string) (netip.AddrPort, error) {
	ap, err := netip.ParseAddrPort(s)
	if a, e := netip.ParseAddr(s); e == nil {
		ap, err = netip.AddrPortFrom(a, 53), nil
	}
	switch {
	case err != nil:
		return ap, fmt.Errorf("%q is no IP address, with or without a port", s)
	case ap.Port() == 0:
		return ap, fmt.Errorf("%q: nothing answers on port 0", s)
	case ap.Addr().IsUnspecified():
		return ap, fmt.Errorf("%q is where a server listens at all addresses, and no address to reach one at", s)
	}
	return ap, nil
}

// stubs puts the servers of each zone together.
func stubs(values []string) (all []forward.Stub, wrong error) {
	for _, v := range values {
		name, address, found := strings.Cut(v, "=")
		if !found {
			wrong = errors.Join(wrong, fmt.Errorf("--stub: %q: want zone=address, and the zone with each address", v))
			continue
		}
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
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("%q is no IP address or network, as in 10.0.0.0/8", s)
	}
	return p, nil
}

// canListen says whether an address has a host, which may be missing, and a port.
func canListen(s string) bool {
	_, port, err := net.SplitHostPort(s)
	_, wrong := strconv.ParseUint(port, 10, 16)
	return err == nil && wrong == nil
}

func address(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return a, fmt.Errorf("%q is no IP address", s)
	}
	return a, nil
}

// ownStore is how to reach the store that is run here: by https, where it listens
// so, with its own certificate.
func ownStore(c store.Config) etcd.Config {
	urls := reachable(c.Listen)
	secure := slices.DeleteFunc(slices.Clone(urls), func(s string) bool { return !strings.HasPrefix(s, "https:") })
	if len(secure) == 0 {
		return etcd.Config{Endpoints: urls}
	}
	return etcd.Config{Endpoints: secure, CA: c.Certificates.CA, Cert: c.Certificates.Cert, Key: c.Certificates.Key}
}

// asMember is the way to the members with the certificate of the one that is kept here,
// which may change them. Where there is none, or it is not ours to read, it stays as it is.
func asMember(c etcd.Config, readFile func(string) ([]byte, error)) etcd.Config {
	if c.Cert == "" {
		return c
	}
	cert, key := filepath.Join(filepath.Dir(c.Cert), "etcd.crt"), filepath.Join(filepath.Dir(c.Cert), "etcd.key")
	for _, file := range []string{cert, key} {
		if _, err := readFile(file); err != nil {
			return c
		}
	}
	c.Cert, c.Key = cert, key
	return c
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
