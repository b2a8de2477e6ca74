package network

import (
	"cmp"
	"net/netip"
	"slices"

	"rundock/internal/overlay"
	"rundock/internal/overlay/roster"
)

// subnet is that of the address.
func (f addressFacts) subnet() netip.Prefix {
	return netip.PrefixFrom(f.Address, f.Network.SubnetLength).Masked()
}

// owner is the host that has the address's subnet.
func (f addressFacts) owner() (roster.ListedHost, bool) {
	i := slices.IndexFunc(f.Hosts, func(s roster.ListedHost) bool { return s.Subnet == f.subnet() })
	if i < 0 {
		return roster.ListedHost{}, false
	}
	return f.Hosts[i], true
}

// pathMTU is how large packets to the host that has the address may be, and
// whether that is less than the network's MTU.
func (f addressFacts) pathMTU() (mtu int, narrow bool) {
	for _, p := range f.Own.Peers {
		if p.Subnet == f.subnet() && p.MTU != 0 && p.MTU < f.AgentStatus.MTU {
			return p.MTU, true
		}
	}
	return f.AgentStatus.MTU, false
}

// is reports whether a host is this one. Of two that have its subnet, as when
// it is fenced, the store tells which machine has it.
func (f addressFacts) is(host roster.ListedHost) bool {
	if host.Subnet != f.Own.Subnet {
		return false
	}
	if host.ID != "" {
		// Another one with this host's machine id may be the one that has it.
		return host.ID == f.Own.Machine && (host.Underlay == f.Own.Underlay.Address || !host.Alive)
	}
	return host.Underlay == f.Own.Underlay.Address
}

// here reports whether the address is of this host's subnet.
func (f addressFacts) here() bool {
	owner, ok := f.owner()
	return ok && f.is(owner)
}

// taken reports whether the address is of a subnet that this host has, but
// that is another's: packets to it do not leave this host.
func (f addressFacts) taken() bool { return f.subnet() == f.Own.Subnet && !f.here() }

// lastKnown is what the agent knew last of who has which subnet.
func (f addressFacts) lastKnown() []roster.ListedHost {
	var hosts []roster.ListedHost
	own := f.Own.Subnet
	if !slices.ContainsFunc(f.Own.Peers, func(p overlay.Peer) bool { return p.Subnet == own }) {
		hosts = append(hosts, roster.ListedHost{Member: roster.Member{Host: f.Host, Subnet: own, Underlay: f.Own.Underlay.Address}, Alive: true})
	}
	for _, peer := range f.Own.Peers {
		hosts = append(hosts, roster.ListedHost{Member: roster.Member{Host: cmp.Or(peer.Host, peer.Underlay.String()), Subnet: peer.Subnet, Underlay: peer.Underlay}, Alive: true})
	}
	return hosts
}
