package hostconfig

import (
	"fmt"
	"net"
	"net/netip"

	"rundock/internal/ifaddr"
)

// PrivateAddress is the first IPv4 address of the private interface, or its
// first global IPv6 address where it has no IPv4 one. Errors name the
// interface, and the setting that chooses it.
func (c Config) PrivateAddress() (netip.Addr, error) {
	return address("private.interface", c.PrivateInterface())
}

// PrivateInterface is the private interface's name, be it there or not.
func (c Config) PrivateInterface() string {
	switch {
	case c.Private.Interface != "":
		return c.Private.Interface
	case exists("eth0") && exists("eth1"):
		return "eth1"
	}
	return "eth0"
}

// PublicAddress is PrivateAddress of the public interface.
func (c Config) PublicAddress() (netip.Addr, error) {
	name := c.Public.Interface
	if name == "" {
		name = "eth0"
	}
	return address("public.interface", name)
}

func exists(name string) bool {
	_, err := net.InterfaceByName(name)
	return err == nil
}

func address(setting, name string) (netip.Addr, error) {
	ifc, err := net.InterfaceByName(name)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("%s: interface %s does not exist", setting, name)
	}
	addrs, err := ifc.Addrs()
	if err != nil {
		return netip.Addr{}, fmt.Errorf("%s: addresses of interface %s: %w", setting, name, err)
	}
	if a := ifaddr.First(addrs); a.IsValid() {
		return a, nil
	}
	return netip.Addr{}, fmt.Errorf("%s: interface %s has no address", setting, name)
}

// Resolvers returns the resolvers that containers are given. own is the host's
// private address where the name Private put it among them: when that address
// moves, containers need another.
func (c Config) Resolvers() (all []string, own string, err error) {
	for _, s := range c.DNS {
		if s == Private {
			a, err := c.PrivateAddress()
			if err != nil {
				return nil, "", fmt.Errorf("dns: %w", err)
			}
			s, own = a.String(), a.String()
		}
		all = append(all, s)
	}
	return all, own, nil
}
