package spec

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// networkParts are the keys of --network and of the parameter networks.
// Source: docker/cli's opts/network.go; community.docker's docker_container.
var networkParts = []part[Network]{
	{key: "name", param: "name", allowed: "the name of a network",
		set: word(func(n *Network) *string { return &n.Name }, canonicalNetwork)},
	{key: "alias", param: "aliases", allowed: "a further name of the container in the network", repeats: true,
		set: several(func(n *Network) *[]string { return &n.Aliases }, canonicalAlias)},
	{key: "ip", param: "ipv4_address", allowed: "an IPv4 address",
		set: word(func(n *Network) *string { return &n.IPv4 }, canonicalIPv4)},
	{key: "ip6", param: "ipv6_address", allowed: "an IPv6 address",
		set: word(func(n *Network) *string { return &n.IPv6 }, canonicalIPv6)},
	{key: "link-local-ip", param: "link_local_ips", allowed: "an ip address", repeats: true,
		set: several(func(n *Network) *[]string { return &n.LinkLocalIPs }, canonicalFixedAddress)},
	{key: "mac-address", param: "mac_address", allowed: "six bytes such as 02:42:ac:11:00:02",
		set: word(func(n *Network) *string { return &n.MAC }, canonicalMAC)},
	{key: "driver-opt", param: "driver_opts", allowed: "key=value", repeats: true,
		set: keyValue(func(n *Network) *map[string]string { return &n.DriverOptions })},
	{key: "gw-priority", param: "gw_priority", allowed: "a number; the network with the highest is the way out",
		set: func(n *Network, v string) (err error) {
			n.Priority, err = parseWhole(v, math.MinInt32, math.MaxInt32)
			return err
		}},
}

// networks is the field of --network: the first one is c.Network, and what is
// said of it c.Endpoint; the others are c.Networks.
var networks = field{
	repeats: true,
	set: func(c *Container, value string) error {
		if !strings.Contains(value, "=") {
			name, err := canonicalNetwork(value)
			if err != nil {
				return err
			}
			return join(c, Network{Name: name})
		}
		pairs, err := readPairs(value)
		if err != nil {
			return err
		}
		return assembleNetwork(c, pairs, false)
	},
	assemble: func(c *Container, pairs []Pair) error { return assembleNetwork(c, pairs, true) },
	get: func(c *Container) []string {
		var out []string
		if c.Network != "" || c.Networks != nil {
			first := Network{}
			if c.Endpoint != nil {
				// Aliases and addresses are flags of their own.
				first = Network{DriverOptions: c.Endpoint.DriverOptions, Priority: c.Endpoint.Priority}
			}
			first.Name = c.Network
			out = append(out, showNetwork(first))
		}
		for _, n := range c.Networks {
			out = append(out, showNetwork(n))
		}
		return out
	},
}

func assembleNetwork(c *Container, pairs []Pair, named bool) error {
	n, err := assemble(networkParts, pairs, named)
	if err != nil {
		return err
	}
	if n.Name == "" {
		return &partError{"name is missing"}
	}
	return join(c, n)
}

// join puts c into one network more, or says more of the first one.
func join(c *Container, n Network) error {
	bare := n
	bare.Name = ""
	switch {
	case c.Network == "":
		c.Network = n.Name
	case c.Network != n.Name:
		for _, other := range c.Networks {
			if other.Name == n.Name && !reflect.DeepEqual(other, n) {
				return &partError{fmt.Sprintf("%s is given twice, with different settings", n.Name)}
			} else if other.Name == n.Name {
				return nil
			}
		}
		c.Networks = append(c.Networks, n)
		return nil
	}
	switch {
	case bare.zero():
	case c.Endpoint == nil || c.Endpoint.zero():
		c.Endpoint = &bare
	default:
		return c.Endpoint.merge(bare)
	}
	return nil
}

// merge adds what more says; flags such as --network-alias may have come
// before the network itself.
func (n *Network) merge(more Network) error {
	for _, s := range []struct {
		key  string
		into *string
		more string
	}{{"ip", &n.IPv4, more.IPv4}, {"ip6", &n.IPv6, more.IPv6}, {"mac-address", &n.MAC, more.MAC}} {
		if *s.into != "" && s.more != "" && *s.into != s.more {
			return &partError{fmt.Sprintf("%s %s: %s is given as well", s.key, s.more, *s.into)}
		}
		if s.more != "" {
			*s.into = s.more
		}
	}
	for _, l := range []struct {
		into *[]string
		more []string
	}{{&n.Aliases, more.Aliases}, {&n.LinkLocalIPs, more.LinkLocalIPs}} {
		for _, v := range l.more {
			if !slices.Contains(*l.into, v) {
				*l.into = append(*l.into, v)
			}
		}
	}
	for _, o := range joined(more.DriverOptions) {
		if err := keyValue(func(n *Network) *map[string]string { return &n.DriverOptions })(n, o); err != nil {
			return &partError{"driver-opt " + quote(o) + ": " + err.Error()}
		}
	}
	if n.Priority != 0 && more.Priority != 0 && n.Priority != more.Priority {
		return &partError{fmt.Sprintf("gw-priority %d: %d is given as well", more.Priority, n.Priority)}
	}
	if more.Priority != 0 {
		n.Priority = more.Priority
	}
	return nil
}

func showNetwork(n Network) string {
	pairs := each("alias", n.Aliases)
	add := func(key, value string) {
		if value != "" {
			pairs = append(pairs, Pair{key, value})
		}
	}
	add("ip", n.IPv4)
	add("ip6", n.IPv6)
	pairs = append(pairs, each("link-local-ip", n.LinkLocalIPs)...)
	add("mac-address", n.MAC)
	pairs = append(pairs, each("driver-opt", joined(n.DriverOptions))...)
	if n.Priority != 0 {
		add("gw-priority", strconv.Itoa(n.Priority))
	}
	if pairs == nil {
		return n.Name
	}
	return writePairs(append([]Pair{{"name", n.Name}}, pairs...))
}

// endpoint is how c is in its first network, to be read and written.
func endpoint(c *Container) *Network {
	if c.Endpoint == nil {
		c.Endpoint = &Network{}
	}
	return c.Endpoint
}
