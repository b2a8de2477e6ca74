package overlay

import (
	"fmt"

	"rundock/internal/nft"
)

// HostSet is the set of a guard's table with the network's other hosts: the
// addresses on the underlay from which they send.
const HostSet = nft.HostSet

// guard returns the rules by which this host takes VXLAN packets from the network's
// hosts alone, and sends none that a container made. Without them the kernel's
// socket takes whatever comes to the port, at any address of the host, from
// anybody.
//
// Containers are what is behind a bridge, a veth or a VXLAN device, Docker's and
// other networks' too, unless that is the underlay. The rules drop every VXLAN
// packet of a container, as it may write any sender's address, and of others those
// of this network. Packets from containers to containers pass.
func guard(n Network, h Host) Table {
	rule := fmt.Sprintf
	ip, of := "ip", "ipv4_addr"
	if !h.Underlay.Is4() {
		ip, of = "ip6", "ipv6_addr"
	}
	vxlan := rule("udp dport %d", n.UDPPort())
	network := rule("@th,96,24 %d", n.VNI) // behind the UDP header and VXLAN's flags
	kinds := func(format string) (rules []string) {
		for _, kind := range []string{"bridge", "veth", "vxlan"} {
			rules = append(rules, rule(format, kind))
		}
		return rules
	}
	arriving := kinds(rule(`iifname != "%s" meta iifkind "%%s" drop`, h.Interface))
	arriving = append(arriving,
		rule(`%s %s daddr != %s drop`, network, ip, h.Underlay),
		rule(`%s %s saddr != @%s drop`, network, ip, HostSet))
	leaving := []string{rule(`oifname "%s" drop`, h.Interface), rule("%s daddr @%s drop", ip, HostSet)}
	leaving = append(append(leaving, kinds(`meta oifkind "%s" accept`)...), "drop")
	forwarded := append([]string{rule(`iifname "%s" accept`, h.Interface)}, kinds(`meta iifkind "%s" goto leaving`)...)
	return Table{Family: "inet", Name: n.Table(), Hosts: of, Chains: []Chain{
		{Name: "arriving", Rules: arriving},
		{Name: "leaving", Rules: leaving},
		{Name: "forwarded", Rules: forwarded},
		{Name: "input", Type: "filter", Hook: "input", Priority: beforeFilter, Rules: []string{vxlan + " goto arriving"}},
		{Name: "forward", Type: "filter", Hook: "forward", Priority: beforeFilter, Rules: []string{vxlan + " goto forwarded"}},
	}}
}
