package network

import (
	"slices"
	"strings"

	"rundock/internal/overlay/roster"
	"rundock/supervisor/report"
)

// peers judges the hosts. It is pure.
func (f addressFacts) peers() peersReport {
	r := peersReport{
		Version: report.Version, Host: f.Host, Time: f.Now.UTC(), Network: f.Network.Name, MTU: f.AgentStatus.MTU,
		Trouble: f.OwnTrouble.Text, Registry: f.StoreTrouble.Text, Peers: []peerStatus{},
	}
	for _, host := range f.Hosts {
		r.Peers = append(r.Peers, f.peer(host))
	}
	slices.SortStableFunc(r.Peers, func(a, b peerStatus) int { return a.Subnet.Compare(b.Subnet) })
	return r
}

func (f addressFacts) peer(host roster.ListedHost) peerStatus {
	s := peerStatus{Host: host.Host, Subnet: host.Subnet, Underlay: host.Underlay, Here: f.is(host), Seen: host.Seen.UTC()}
	s.Known = s.Here || f.Static
	for _, p := range f.Own.Peers {
		if p.Subnet != host.Subnet || p.Underlay != host.Underlay {
			continue
		}
		s.Known, s.MTU = true, f.AgentStatus.MTU
		if p.MTU != 0 && p.MTU < f.AgentStatus.MTU {
			s.MTU, s.Narrow = p.MTU, true
		}
	}
	s.Silent = s.Known && !s.Here && slices.Contains(strings.Fields(f.AgentStatus.SilentSubnets), host.Subnet.String())
	if !f.Static && !f.StoreTrouble.Failed() {
		s.Alive = &host.Alive
	}
	if s.Alive != nil && *s.Alive && !s.Known {
		s.Problem = "this host's agent does not know of it"
	}
	return s
}
