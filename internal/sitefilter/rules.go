package sitefilter

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"rundock/internal/nft"
)

// TableName is the table's, of family inet.
const TableName = "rundock_filter"

// Priorities of chains: before Docker's and iptables' rules, as the guard of overlay networks is; and before
// Docker gives a packet for a published port to its container, when connections are tracked already.
const (
	beforeFilter    = -10
	beforePublished = -150
)

// refused is told to the caller, so that it fails at once and says why.
const refused = "reject with icmpx admin-prohibited"

// Surroundings are what is around the table on a host.
type Surroundings struct {
	Devices  []string // by which containers' packets come: bridges, and the overlay networks' own
	Confined []string // those of Devices by which foreign code's come: of builds and previews
	Ports    []Port   // of the host that are services' and not its own: published or announced
}

// Normal is v, sorted and without what is there twice.
func (v Surroundings) Normal() Surroundings {
	v.Devices = slices.Compact(slices.Sorted(slices.Values(v.Devices)))
	v.Confined = slices.Compact(slices.Sorted(slices.Values(v.Confined)))
	v.Ports = slices.Compact(slices.SortedFunc(slices.Values(v.Ports), Port.compare))
	return v
}

// Rules returns the table, and the addresses of its set, sorted.
//
// A packet for the host itself goes to one of two chains. One of a container's device:
// DNS, ping, what the inventory opens, and services of this host but not the host's own
// pass; all else is refused. Any other: the host's own services ask where it comes from.
// A packet that containers send to another host of the site is refused where the port
// is known to be a service of that host's own. Foreign code reaches of hosts DNS alone, and no other container;
// what is outside is not for this table.
//
// A service that is for some hosts alone may be a container's, published: so it is looked after before Docker
// has the packet go there.
//
// Containers are known by the device and not by their addresses, which they may forge,
// and other machines by both. Answers to what the host or a container asked pass.
// Hosts are as many addresses of IPv6 as they have: each has a rule of its own.
func Rules(s Settings, around Surroundings) (nft.Table, []netip.Addr) {
	around = around.Normal()
	input, forward := []string{"ct state established,related accept", `iifname "lo" accept`}, []string{"ct state established,related accept"}
	devices := slices.DeleteFunc(slices.Clone(around.Devices), func(dev string) bool {
		return !interfaceName.MatchString(dev) || dev == s.Private || dev == s.Public
	})
	foreign := false
	for _, dev := range devices {
		if slices.Contains(around.Confined, dev) {
			foreign = true
			input = append(input, fmt.Sprintf(`iifname "%s" goto confined`, dev))
			// Within its network, where bridges' packets come here at all.
			forward = append(forward, fmt.Sprintf(`iifname "%s" oifname "%s" accept`, dev, dev), fmt.Sprintf(`iifname "%s" goto confined_leaving`, dev))
			continue
		}
		input = append(input, fmt.Sprintf(`iifname "%s" goto containers`, dev))
		forward = append(forward, fmt.Sprintf(`iifname "%s" goto leaving`, dev))
	}
	input = append(input, machines(s)...)
	chains := []nft.Chain{
		{Name: "hosts_alone", Rules: hostsAlone(s)},
		{Name: "containers", Rules: containers(s, around.Ports)},
	}
	if foreign {
		chains = append(chains, nft.Chain{Name: "confined", Rules: slices.Concat(pings, confined(s), []string{refused})}, nft.Chain{Name: "confined_leaving", Rules: confinedLeaving(s, devices)})
	}
	published, only := someHosts(s, devices)
	chains = append(chains, only...)
	if len(only) > 0 {
		chains = append(chains, nft.Chain{Name: "published", Type: "filter", Hook: "prerouting", Priority: beforePublished, Rules: published})
	}
	if six := s.all6(); len(six) > 0 {
		chains = append(chains, nft.Chain{Name: notToHosts6, Rules: refusing6(six, "")})
	}
	return nft.Table{Family: "inet", Name: TableName, Hosts: "ipv4_addr", Chains: append(chains,
		nft.Chain{Name: "leaving", Rules: leaving(s)},
		nft.Chain{Name: "input", Type: "filter", Hook: "input", Priority: beforeFilter, Rules: input},
		nft.Chain{Name: "forward", Type: "filter", Hook: "forward", Priority: beforeFilter, Rules: forward},
	)}, slices.Compact(slices.SortedFunc(maps.Values(s.Hosts), netip.Addr.Compare))
}

// notToHosts6 is the chain that refuses what is for an address of IPv6 of some host.
const notToHosts6 = "not_to_hosts6"

// all6 are the addresses of IPv6 of all hosts, sorted.
func (s Settings) all6() []netip.Addr {
	var all []netip.Addr
	for _, of := range s.Hosts6 {
		all = append(all, of...)
	}
	slices.SortFunc(all, netip.Addr.Compare)
	return slices.Compact(all)
}

// refusing6 are the rules that refuse packets for addresses; match asks for more, and ends with
// a space, or is "".
func refusing6(addresses []netip.Addr, match string) (rules []string) {
	for _, a := range addresses {
		rules = append(rules, fmt.Sprintf("ip6 daddr %s %s%s", a, match, refused))
	}
	return rules
}

// here reports whether this host has the service.
func (v Service) here(s Settings) bool { return len(v.At) == 0 || slices.Contains(v.At, s.Host) }

// each calls do for each port of services.
func each(services []Service, do func(Service, Port)) {
	for _, v := range services {
		for _, p := range v.Ports {
			do(v, p)
		}
	}
}

// machines are the rules for what comes from no container.
func machines(s Settings) (rules []string) {
	each(s.Services, func(v Service, p Port) {
		if !v.here(s) || v.From == FromAny {
			return
		}
		if s.Public != s.Private {
			// A service of the private address is not for those who merely know a way to it.
			rules = append(rules, fmt.Sprintf(`iifname "%s" ip daddr %s %s %s`, s.Public, s.Hosts[s.Host], p.match(), refused))
			for _, rule := range refusing6(s.Hosts6[s.Host], p.match()+" ") {
				rules = append(rules, fmt.Sprintf(`iifname "%s" %s`, s.Public, rule))
			}
		}
		if v.From == FromHosts && len(v.Only) == 0 {
			rules = append(rules, p.match()+" goto hosts_alone")
		}
	})
	return rules
}

// hostsAlone are the rules that let hosts of the site pass.
func hostsAlone(s Settings) []string {
	rules := []string{"ip saddr @" + nft.HostSet + " accept"}
	for _, a := range s.all6() {
		rules = append(rules, fmt.Sprintf("ip6 saddr %s accept", a))
	}
	for _, other := range s.Others {
		if p, err := network(other); err == nil && p.Addr().Is4() {
			rules = append(rules, fmt.Sprintf("ip saddr %s accept", p))
		} else if err == nil {
			rules = append(rules, fmt.Sprintf("ip6 saddr %s accept", p))
		}
	}
	return append(rules, refused)
}

// pings let ICMP pass, without which neighbours of IPv6 do not find each other.
var pings = []string{"meta l4proto icmp accept", "meta l4proto ipv6-icmp accept"}

// containers are the rules for what comes from a container. The host's own services
// come before the ports of others', as one of its own may be announced.
func containers(s Settings, ports []Port) []string {
	rules := slices.Clone(pings)
	for _, p := range s.Open {
		rules = append(rules, p.match()+" accept")
	}
	each(s.Services, func(v Service, p Port) {
		if v.Containers {
			rules = append(rules, p.match()+" accept")
		} else if v.here(s) {
			rules = append(rules, p.match()+" "+refused)
		}
	})
	for _, p := range ports {
		rules = append(rules, p.match()+" accept")
	}
	return append(rules, refused)
}

// someHosts are the rules for services of this host that some hosts alone reach, and a chain for each of them.
func someHosts(s Settings, devices []string) (rules []string, only []nft.Chain) {
	rules = []string{"ct state established,related accept", `iifname "lo" accept`}
	for i, v := range s.Services {
		if len(v.Only) == 0 || !v.here(s) {
			continue
		}
		name := fmt.Sprintf("only_%d", i)
		for _, p := range v.Ports {
			rules = append(rules, fmt.Sprintf("ip daddr %s %s goto %s", s.Hosts[s.Host], p.match(), name))
			for _, a := range s.Hosts6[s.Host] {
				rules = append(rules, fmt.Sprintf("ip6 daddr %s %s goto %s", a, p.match(), name))
			}
		}
		var those []string
		for _, dev := range devices {
			those = append(those, fmt.Sprintf(`iifname "%s" %s`, dev, refused))
		}
		for _, host := range slices.Sorted(slices.Values(v.Only)) {
			those = append(those, fmt.Sprintf("ip saddr %s accept", s.Hosts[host]))
			for _, a := range s.Hosts6[host] {
				those = append(those, fmt.Sprintf("ip6 saddr %s accept", a))
			}
		}
		only = append(only, nft.Chain{Name: name, Rules: append(those, refused)})
	}
	return rules, only
}

// confined are the rules that let foreign code's packets to hosts pass.
func confined(s Settings) (rules []string) {
	each(s.Services, func(v Service, p Port) {
		if v.Containers {
			rules = append(rules, p.match()+" accept")
		}
	})
	return rules
}

// confinedLeaving are the rules for what foreign code sends away from its network: to no other container, and to hosts
// what they take of it.
func confinedLeaving(s Settings, devices []string) (rules []string) {
	for _, dev := range devices {
		rules = append(rules, fmt.Sprintf(`oifname "%s" %s`, dev, refused))
	}
	rules = append(append(rules, confined(s)...), "ip daddr @"+nft.HostSet+" "+refused)
	rules = append(rules, refusing6(s.all6(), "")...)
	for _, other := range s.Others {
		if p, err := network(other); err == nil && p.Addr().Is4() {
			rules = append(rules, fmt.Sprintf("ip daddr %s %s", p, refused))
		} else if err == nil {
			rules = append(rules, fmt.Sprintf("ip6 daddr %s %s", p, refused))
		}
	}
	return rules
}

// leaving are the rules for what containers send to other hosts. Those that go to the chain
// for IPv6 come last, as none after them is met.
func leaving(s Settings) (rules []string) {
	for _, p := range s.Open {
		rules = append(rules, p.match()+" accept")
	}
	var last []string
	each(s.Services, func(v Service, p Port) {
		switch {
		case v.Containers:
		case len(v.At) == 0:
			rules = append(rules, fmt.Sprintf("ip daddr @%s %s %s", nft.HostSet, p.match(), refused))
			if len(s.all6()) > 0 {
				last = append(last, p.match()+" goto "+notToHosts6)
			}
		default:
			for _, at := range v.At {
				rules = append(rules, fmt.Sprintf("ip daddr %s %s %s", s.Hosts[at], p.match(), refused))
				rules = append(rules, refusing6(s.Hosts6[at], p.match()+" ")...)
			}
		}
	})
	return append(rules, last...)
}
