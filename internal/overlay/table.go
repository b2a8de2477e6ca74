package overlay

import (
	"fmt"
	"net/netip"
)

// Priorities: before those of Docker and of iptables, which are filter's (0)
// and srcnat's (100).
const (
	beforeFilter = -10
	beforeNAT    = 90
)

// table returns the network's rules on a host with this subnet.
//
// Networks are kept apart by both their tables: what leaves a network through
// its devices, or comes in by them, must have come from, or go to, one of the
// two. Only connections to a published port, whose destination Docker has
// changed by then, may enter from elsewhere; none may enter an internal network, or leave it.
// Its containers have a default route all the same: by that they ask their host's DNS.
func table(n Network, subnet netip.Prefix) Table {
	br, vx := n.Bridge(), n.Vxlan()
	rule := fmt.Sprintf
	var alone []string
	if n.Internal {
		alone = []string{
			rule(`iifname "%s" oifname != "%s" oifname != "%s" reject with icmp host-unreachable`, br, br, vx),
			rule(`oifname "%s" iifname != "%s" iifname != "%s" ct state new drop`, br, br, vx),
		}
	}
	return Table{Family: "ip", Name: n.Table(), Chains: []Chain{
		{Name: "input", Type: "filter", Hook: "input", Priority: beforeFilter, Rules: []string{
			rule(`iifname "%s" ip saddr != %s drop`, vx, n.CIDR),
		}},
		{Name: "forward", Type: "filter", Hook: "forward", Priority: beforeFilter, Rules: append([]string{
			rule(`iifname "%s" ip saddr != %s drop`, vx, n.CIDR),
			rule(`iifname "%s" oifname != "%s" drop`, vx, br),
			rule(`oifname "%s" iifname != "%s" drop`, vx, br),
			rule(`iifname "%s" oifname "%s" ip saddr != %s drop`, br, vx, subnet),
			rule(`oifname "%s" iifname != "%s" iifname != "%s" ct state new ct status ! dnat drop`, br, br, vx),
			// Of a host that is not there, whose packets the default route would take.
			rule(`iifname "%s" oifname != "%s" oifname != "%s" ip daddr %s reject with icmp host-unreachable`, br, br, vx, n.CIDR),
		}, alone...)},
		{Name: "postrouting", Type: "nat", Hook: "postrouting", Priority: beforeNAT, Rules: []string{
			rule(`oifname != "%s" ip saddr %s ip daddr != %s masquerade`, br, subnet, n.CIDR),
		}},
	}}
}
