package network

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"rundock/internal/control"
	"rundock/internal/overlay"
	"rundock/internal/overlay/roster"
	"rundock/supervisor/report"
)

// reachable is a container of another host, and all is well with it.
func reachable() addressFacts {
	n := overlay.Network{Name: "apps", CIDR: netip.MustParsePrefix("10.42.0.0/16"), SubnetLength: 24, VNI: 7}
	at := func(i int, host string, underlay string) roster.ListedHost {
		return roster.ListedHost{Member: roster.Member{ID: "id-of-" + host, Host: host, Subnet: n.Subnet(i), Underlay: netip.MustParseAddr(underlay)}, Alive: true}
	}
	back := echo{Sent: true, Answered: true, RoundTrip: 300 * time.Microsecond}
	return addressFacts{
		Now: time.Date(2026, 11, 21, 7, 30, 0, 0, time.UTC), Root: true, Address: netip.MustParseAddr("10.42.2.7"), Network: n, Host: "node-1",
		agentState: agentState{AgentStatus: control.OverlayStatus{Network: "apps", PID: 812, State: control.OverlayUp, MTU: 1450, Alive: true, Peers: 1}, AgentAlive: true},
		Own:        membership{Machine: "id-of-node-1", Underlay: overlay.Underlay{Address: netip.MustParseAddr("192.0.2.1")}, Subnet: n.Subnet(1), Peers: []overlay.Peer{{Subnet: n.Subnet(2), Underlay: netip.MustParseAddr("192.0.2.2")}}},
		Hosts:      []roster.ListedHost{at(1, "node-1", "192.0.2.1"), at(2, "node-2", "192.0.2.2")},
		Names:      []string{"node-2.shop.s.prod.example.com"}, Underlay: back, Gateway: back, Full: back, Target: back,
	}
}

func TestOverlay_explain_tells_the_whole_story(t *testing.T) {
	const want = `10.42.2.7, seen from node-1, 2026-11-21 07:30:00 UTC

network
  ok    apps: 10.42.0.0/16 in parts of /24, of which this host has 10.42.1.0/24
  ok    the agent, process 812, keeps it; other hosts: 1

host
  ok    node-2 has 10.42.2.0/24, behind 192.0.2.2

kernel
  ok    the kernel of this host holds what it should

path
  ok    node-2 answers from 10.42.2.1, after 300µs
  ok    packets of 1450 bytes, the network's MTU, pass

container
  ok    DNS has it as node-2.shop.s.prod.example.com
  ok    it answers, after 300µs

Nothing is wrong.
`
	told := reachable().story()
	if got := told.text(); got != want {
		t.Errorf("the story is\n%s\nwant\n%s", got, want)
	}
	if told.Verdict != "ok" || told.Wrong != nil || told.Peer == nil || told.Peer.Host != "node-2" || told.Peer.Here {
		t.Errorf("as JSON it is %+v, of %+v", told, told.Peer)
	}
}

func TestOverlay_explain_names_the_cause_first(t *testing.T) {
	lost := echo{Sent: true, Failure: "no answer within 2.1s"}
	here := func(f *addressFacts) {
		f.Address = netip.MustParseAddr("10.42.1.7")
		f.Containers = map[netip.Addr]string{f.Address: "shop"}
		f.Underlay, f.Gateway, f.Full = echo{}, echo{}, echo{}
	}
	tests := []struct {
		name   string
		change func(*addressFacts)
		want   string // the last line, or its beginning
	}{
		{"no such underlay", func(f *addressFacts) {
			*f = addressFacts{Network: f.Network, Address: f.Address, OwnTrouble: report.Trouble{Text: "underlay eth9: there is no such interface"}}
		}, "Wrong: network: underlay eth9: there is no such interface. Next: put right"},
		{"a frozen agent", func(f *addressFacts) { f.Silent = 45 * time.Second },
			"Wrong: network: its agent, process 812, has said nothing for 45s: it was stopped or hangs; other hosts withdraw this one unless it answers them in the network. Next: sv restart overlay-apps"},
		{"no agent", func(f *addressFacts) { f.AgentAlive = false; f.Gateway = lost }, "Wrong: network: no agent keeps the network on this host. Next: sv up overlay-apps"},
		{"a file named down", func(f *addressFacts) { f.AgentAlive, f.Down = false, "/etc/sv/overlay-apps/down" },
			"Wrong: network: no agent keeps it: the file /etc/sv/overlay-apps/down is there. Next: remove that file, then sv up overlay-apps"},
		{"an agent that waits", func(f *addressFacts) {
			f.AgentStatus.State, f.AgentStatus.Reason = control.OverlayWaiting, "cidr overlaps"
		}, "Wrong: network: the agent is waiting: cidr overlaps."},
		{"cut off", func(f *addressFacts) { f.AgentStatus.State = control.OverlayFenced; f.Gateway = lost }, "Wrong: network: this host's subnet is another's now"},
		{"a host that others take for dead", func(f *addressFacts) { f.AgentStatus.Alive = false }, "Wrong: network: other hosts are not told that this one is alive."},
		{"nobody's subnet", func(f *addressFacts) { f.Address = netip.MustParseAddr("10.42.9.7") }, "Wrong: host: no host has 10.42.9.0/24, which 10.42.9.7 is in."},
		{"a dead host", func(f *addressFacts) {
			f.Hosts[1].Alive = false
			f.Own.Peers = nil
			f.Gateway, f.Underlay = lost, lost
		},
			"Wrong: host: node-2 is not alive: its agent has not said so for a lease's time. Next: on node-2: rundockd overlay status apps"},
		{"a host that stopped", func(f *addressFacts) {
			f.Hosts[1].Alive, f.Hosts[1].Stopped = false, true
			f.Own.Peers = nil
		}, "Wrong: host: node-2 has left for now: its agent was stopped. Next: on node-2: rundockd overlay status apps"},
		{"a host that has lost its way to the store", func(f *addressFacts) { f.Hosts[1].Alive = false }, "Nothing is wrong."},
		{"a host that has moved, and the agent has not heard", func(f *addressFacts) { f.Hosts[1].Underlay = netip.MustParseAddr("192.0.2.3") }, "Wrong: host: this host's agent does not know of it."},
		{"a kernel that was tampered with", func(f *addressFacts) {
			f.KernelDiff = []string{"ip neigh replace 10.42.2.0 lladdr 02:00:00:00:00:02 dev vx7 nud permanent"}
			f.Gateway = lost
		}, "Wrong: kernel: the kernel of this host does not hold what it should; commands left to do: 1."},
		{"a host that forwards nothing", func(f *addressFacts) {
			f.AgentStatus.Fault, f.AgentStatus.Next = "net.ipv4.ip_forward is 0: it hurts", "sysctl -w net.ipv4.ip_forward=1"
		},
			"Wrong: kernel: net.ipv4.ip_forward is 0: it hurts. Next: sysctl -w net.ipv4.ip_forward=1"},
		{"a firewall between the hosts", func(f *addressFacts) { f.Gateway, f.Full, f.Target = lost, lost, lost },
			"Wrong: path: node-2 answers on the underlay, 192.0.2.2, and not in the network, 10.42.2.1: no answer within 2.1s. Next: on node-2: rundockd overlay check apps; and see that no firewall, of either host or between them, drops UDP port 4789"},
		{"a host that is gone", func(f *addressFacts) { f.Underlay, f.Gateway, f.Full, f.Target = lost, lost, lost, lost },
			"Wrong: path: node-2 does not answer, neither on the underlay, 192.0.2.2"},
		{"a path that has become narrow", func(f *addressFacts) { f.Full = lost }, "Wrong: path: packets of 1450 bytes, the network's MTU, are lost on the way. Next: the agent, which looks at each host twice a minute, and at twenty a second where there are more than 600, finds out what does pass"},
		{"a path that is narrow", func(f *addressFacts) { f.Own.Peers[0].MTU = 1250 }, "Nothing is wrong."},
		{"a path that has become narrower still", func(f *addressFacts) {
			f.Own.Peers[0].MTU = 1250
			f.Full = lost
		}, "Wrong: path: packets of 1250 bytes are lost on the way, which is what the agent has found to pass (the network's MTU is 1450)."},
		{"a container that is gone, elsewhere", func(f *addressFacts) { f.Target = echo{Sent: true, Failure: "no route to host"} },
			"Wrong: container: it does not answer: no route to host. Next: on node-2: rundockd overlay explain 10.42.2.7; if it answers there, the firewall of node-2 does not let through what comes by vx7 for ovl7"},
		{"a container of this host", here, "Nothing is wrong."},
		{"a container that is gone, here", func(f *addressFacts) { here(f); f.Containers = nil; f.Target = lost }, "Wrong: container: no container of this host has it."},
		{"a container that is silent, here", func(f *addressFacts) { here(f); f.Target = lost }, "Wrong: container: it does not answer: no answer within 2.1s. Next: see to the container, and to what of this host's firewall concerns ovl7"},
		{"dockerd away", func(f *addressFacts) {
			here(f)
			f.DockerTrouble = report.Trouble{Text: "reach dockerd: connection refused"}
		}, "Wrong: container: reach dockerd: connection refused."},
		{"a gateway", func(f *addressFacts) { f.Address = netip.MustParseAddr("10.42.2.1") }, "Nothing is wrong."},
		{"a store that is away", func(f *addressFacts) { f.StoreTrouble = report.Trouble{Text: "etcd: connection refused"} }, "Nothing is known to be wrong, but not all could be found out. Next: see to the store"},
		{"not root", func(f *addressFacts) {
			f.Root = false
			f.KernelTrouble = report.Trouble{Text: "permission denied", Denied: true}
		}, "Nothing is known to be wrong, but not all could be found out. Next: run it as root"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := reachable()
			tt.change(&f)
			lines := strings.Split(strings.TrimSpace(f.story().text()), "\n")
			if got := lines[len(lines)-1]; !strings.HasPrefix(got, tt.want) {
				t.Errorf("the last line is\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestOverlay_explain_tells_that_a_path_is_narrow(t *testing.T) {
	f := reachable()
	f.Own.Peers[0].MTU = 1250
	told := f.story()
	const want = "  note  the path is narrow: packets of 1250 bytes pass, the network's MTU is 1450; the agent has found that out, and no larger ones are sent\n"
	if !strings.Contains(told.text(), want) || told.Verdict != "ok" || told.Peer.MTU != 1250 {
		t.Errorf("the story of %+v is\n%s\nwant\n%s", told.Peer, told.text(), want)
	}
}

func TestOverlay_explain_tells_whose_the_subnet_of_a_fenced_host_is(t *testing.T) {
	fenced := func() addressFacts {
		f := reachable()
		f.Address, f.AgentStatus.State = netip.MustParseAddr("10.42.1.7"), control.OverlayFenced
		f.Own.Peers = append(f.Own.Peers, overlay.Peer{Subnet: f.Own.Subnet, Underlay: netip.MustParseAddr("192.0.2.3")})
		f.Underlay, f.Gateway, f.Full, f.Target = echo{}, echo{}, echo{}, echo{}
		return f
	}
	byRegistry, byAgent := fenced(), fenced()
	byRegistry.Hosts[0].Member = roster.Member{ID: "id-of-node-3", Host: "node-3", Subnet: byRegistry.Own.Subnet, Underlay: netip.MustParseAddr("192.0.2.3")}
	byAgent.Hosts = byAgent.lastKnown() // kept by an agent that kept no names
	byName := fenced()
	byName.Own.Peers[1].Host = "node-4"
	byName.Hosts = byName.lastKnown()
	for name, f := range map[string]addressFacts{"node-3": byRegistry, "192.0.2.3": byAgent, "node-4": byName} {
		told := f.story()
		if p := told.Peer; p == nil || p.Here || p.Host != name {
			t.Errorf("the address is said to be on %+v, want %s, which is not this host", p, name)
		}
		for _, want := range []string{
			"  ok    " + name + " has 10.42.1.0/24, behind 192.0.2.3\n", "  note  packets to 10.42.1.0/24 stay on this host, whose subnet it was\n",
			"\nWrong: network: this host's subnet is another's now",
		} {
			if !strings.Contains(told.text(), want) {
				t.Errorf("the story lacks %q:\n%s", want, told.text())
			}
		}
	}
}
