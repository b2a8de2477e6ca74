package overlay

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var apps = Network{Name: "apps", CIDR: netip.MustParsePrefix("10.42.0.0/16"), SubnetLength: 24, VNI: 7}

// host returns host i of apps: subnet 10.42.i.0/24, underlay 192.0.2.i.
func host(i int) Host {
	return Host{Machine: fmt.Sprint("machine-", i), Subnet: apps.Subnet(i), Underlay: underlay(i), Interface: "eth0", MTU: 1500}
}

func underlay(i int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}) }

// peer returns host i as others see it, with a MAC that a person can read.
func peer(i int) Peer {
	return Peer{Subnet: apps.Subnet(i), Underlay: underlay(i), MAC: MAC{2, 0, 0, 0, 0, byte(i)}}
}

func want(t *testing.T, n Network, h Host, peers ...Peer) State {
	t.Helper()
	s, err := Want(n, h, peers)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// bare is a kernel that has nothing of want, with Docker running.
func bare(want State) State {
	return State{Bridge: Link{Name: want.Bridge.Name}, Vxlan: Link{Name: want.Vxlan.Name}, Table: Table{Family: "ip", Name: want.Table.Name}, Guard: Table{Family: "inet", Name: want.Guard.Name}, Filter: Filter{Rules: want.Filter.Rules[:2:2]}}
}

func lines(ops []Op) string {
	var b strings.Builder
	for _, op := range ops {
		fmt.Fprintln(&b, op)
	}
	return b.String()
}

func TestPlan(t *testing.T) {
	one := host(1)
	br, vx := BridgeMAC(one.Machine, 7).String(), VxlanMAC(one.Machine, 7).String()
	tests := []struct {
		name   string
		peers  []Peer // wanted
		had    []Peer // had before; nil: the same
		tamper func(have *State)
		want   string
	}{
		{"a bare kernel gets table, bridge, device, then each peer, then Docker's leave", []Peer{peer(2)}, nil, func(s *State) { *s = bare(*s) }, `
nft add table inet rundock_ovl7
nft add set inet rundock_ovl7 hosts { type ipv4_addr ; }
nft add element inet rundock_ovl7 hosts { 192.0.2.2 }
nft add chain inet rundock_ovl7 arriving
nft add rule inet rundock_ovl7 arriving iifname != "eth0" meta iifkind "bridge" drop
nft add rule inet rundock_ovl7 arriving iifname != "eth0" meta iifkind "veth" drop
nft add rule inet rundock_ovl7 arriving iifname != "eth0" meta iifkind "vxlan" drop
nft add rule inet rundock_ovl7 arriving @th,96,24 7 ip daddr != 192.0.2.1 drop
nft add rule inet rundock_ovl7 arriving @th,96,24 7 ip saddr != @hosts drop
nft add chain inet rundock_ovl7 leaving
nft add rule inet rundock_ovl7 leaving oifname "eth0" drop
nft add rule inet rundock_ovl7 leaving ip daddr @hosts drop
nft add rule inet rundock_ovl7 leaving meta oifkind "bridge" accept
nft add rule inet rundock_ovl7 leaving meta oifkind "veth" accept
nft add rule inet rundock_ovl7 leaving meta oifkind "vxlan" accept
nft add rule inet rundock_ovl7 leaving drop
nft add chain inet rundock_ovl7 forwarded
nft add rule inet rundock_ovl7 forwarded iifname "eth0" accept
nft add rule inet rundock_ovl7 forwarded meta iifkind "bridge" goto leaving
nft add rule inet rundock_ovl7 forwarded meta iifkind "veth" goto leaving
nft add rule inet rundock_ovl7 forwarded meta iifkind "vxlan" goto leaving
nft add chain inet rundock_ovl7 input { type filter hook input priority -10 ; }
nft add rule inet rundock_ovl7 input udp dport 4789 goto arriving
nft add chain inet rundock_ovl7 forward { type filter hook forward priority -10 ; }
nft add rule inet rundock_ovl7 forward udp dport 4789 goto forwarded
nft add table ip rundock_ovl7
nft add chain ip rundock_ovl7 input { type filter hook input priority -10 ; }
nft add rule ip rundock_ovl7 input iifname "vx7" ip saddr != 10.42.0.0/16 drop
nft add chain ip rundock_ovl7 forward { type filter hook forward priority -10 ; }
nft add rule ip rundock_ovl7 forward iifname "vx7" ip saddr != 10.42.0.0/16 drop
nft add rule ip rundock_ovl7 forward iifname "vx7" oifname != "ovl7" drop
nft add rule ip rundock_ovl7 forward oifname "vx7" iifname != "ovl7" drop
nft add rule ip rundock_ovl7 forward iifname "ovl7" oifname "vx7" ip saddr != 10.42.1.0/24 drop
nft add rule ip rundock_ovl7 forward oifname "ovl7" iifname != "ovl7" iifname != "vx7" ct state new ct status ! dnat drop
nft add rule ip rundock_ovl7 forward iifname "ovl7" oifname != "ovl7" oifname != "vx7" ip daddr 10.42.0.0/16 reject with icmp host-unreachable
nft add chain ip rundock_ovl7 postrouting { type nat hook postrouting priority 90 ; }
nft add rule ip rundock_ovl7 postrouting oifname != "ovl7" ip saddr 10.42.1.0/24 ip daddr != 10.42.0.0/16 masquerade
ip route replace unreachable 10.42.0.0/16 proto 82 metric 1
ip link add ovl7 address ` + br + ` type bridge
ip link set ovl7 mtu 1450
sysctl -w net.ipv4.conf.ovl7.forwarding=1
ip addr add 10.42.1.1/24 dev ovl7
ip link set ovl7 up
ip link add vx7 address ` + vx + ` type vxlan id 7 local 192.0.2.1 dstport 4789 nolearning
ip link set vx7 mtu 1450
sysctl -w net.ipv4.conf.vx7.forwarding=1
ip addr add 10.42.1.0/32 dev vx7
ip link set vx7 up
ip neigh replace 10.42.2.0 lladdr 02:00:00:00:00:02 dev vx7 nud permanent
bridge fdb replace 02:00:00:00:00:02 dev vx7 dst 192.0.2.2 self permanent
ip route replace 10.42.2.0/24 via 10.42.2.0 dev vx7 onlink proto 82 metric 3
iptables -I DOCKER-USER -i vx7 -o ovl7 -j ACCEPT
iptables -I DOCKER-USER -i ovl7 -o vx7 -j ACCEPT
iptables -A FORWARD -o ovl7 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -A FORWARD -i ovl7 ! -o ovl7 -j ACCEPT
iptables -A FORWARD -i ovl7 -o ovl7 -j ACCEPT
iptables -t raw -I PREROUTING -d 10.42.0.0/16 -i vx7 -j ACCEPT
`},
		{"what is right is left alone", []Peer{peer(2), peer(3)}, nil, func(*State) {}, "\n"},
		{"a peer joins", []Peer{peer(2), peer(3)}, []Peer{peer(2)}, nil, `
nft add element inet rundock_ovl7 hosts { 192.0.2.3 }
ip neigh replace 10.42.3.0 lladdr 02:00:00:00:00:03 dev vx7 nud permanent
bridge fdb replace 02:00:00:00:00:03 dev vx7 dst 192.0.2.3 self permanent
ip route replace 10.42.3.0/24 via 10.42.3.0 dev vx7 onlink proto 82 metric 4
`},
		{"a peer leaves in reverse order", []Peer{peer(2)}, []Peer{peer(2), peer(3)}, nil, `
ip route del 10.42.3.0/24 via 10.42.3.0 dev vx7 proto 82 metric 4
bridge fdb del 02:00:00:00:00:03 dev vx7 dst 192.0.2.3 self
ip neigh del 10.42.3.0 dev vx7
nft delete element inet rundock_ovl7 hosts { 192.0.2.3 }
`},
		{"one comes before another goes", []Peer{peer(3)}, []Peer{peer(2)}, nil, `
nft add element inet rundock_ovl7 hosts { 192.0.2.3 }
ip neigh replace 10.42.3.0 lladdr 02:00:00:00:00:03 dev vx7 nud permanent
bridge fdb replace 02:00:00:00:00:03 dev vx7 dst 192.0.2.3 self permanent
ip route replace 10.42.3.0/24 via 10.42.3.0 dev vx7 onlink proto 82 metric 4
ip route del 10.42.2.0/24 via 10.42.2.0 dev vx7 proto 82 metric 3
bridge fdb del 02:00:00:00:00:02 dev vx7 dst 192.0.2.2 self
ip neigh del 10.42.2.0 dev vx7
nft delete element inet rundock_ovl7 hosts { 192.0.2.2 }
`},
		{"a host with another address is one forwarding entry", []Peer{{Subnet: peer(2).Subnet, Underlay: underlay(9), MAC: peer(2).MAC}}, []Peer{peer(2)}, nil, `
nft add element inet rundock_ovl7 hosts { 192.0.2.9 }
bridge fdb replace 02:00:00:00:00:02 dev vx7 dst 192.0.2.9 self permanent
nft delete element inet rundock_ovl7 hosts { 192.0.2.2 }
`},
		{"a host that was replaced leaves no old forwarding entry", []Peer{{Subnet: peer(2).Subnet, Underlay: underlay(2), MAC: peer(9).MAC}}, []Peer{peer(2)}, nil, `
ip neigh replace 10.42.2.0 lladdr 02:00:00:00:00:09 dev vx7 nud permanent
bridge fdb replace 02:00:00:00:00:09 dev vx7 dst 192.0.2.2 self permanent
bridge fdb del 02:00:00:00:00:02 dev vx7 dst 192.0.2.2 self
`},
		{"a narrow path is a route's MTU", []Peer{{Subnet: peer(2).Subnet, Underlay: underlay(2), MAC: peer(2).MAC, MTU: 1350}}, []Peer{peer(2)}, nil, `
ip route replace 10.42.2.0/24 via 10.42.2.0 dev vx7 onlink proto 82 metric 3 mtu lock 1350
`},
		{"the VXLAN device deleted by hand brings back the peers", []Peer{peer(2)}, nil, func(s *State) { s.Vxlan = Link{Name: "vx7"} }, `
ip link add vx7 address ` + vx + ` type vxlan id 7 local 192.0.2.1 dstport 4789 nolearning
ip link set vx7 mtu 1450
sysctl -w net.ipv4.conf.vx7.forwarding=1
ip addr add 10.42.1.0/32 dev vx7
ip link set vx7 up
ip neigh replace 10.42.2.0 lladdr 02:00:00:00:00:02 dev vx7 nud permanent
bridge fdb replace 02:00:00:00:00:02 dev vx7 dst 192.0.2.2 self permanent
ip route replace 10.42.2.0/24 via 10.42.2.0 dev vx7 onlink proto 82 metric 3
`},
		{"another address of ours makes the device anew", nil, nil, func(s *State) { s.Vxlan.Tunnel.Local = underlay(8) }, `
ip link del vx7
ip link add vx7 address ` + vx + ` type vxlan id 7 local 192.0.2.1 dstport 4789 nolearning
ip link set vx7 mtu 1450
sysctl -w net.ipv4.conf.vx7.forwarding=1
ip addr add 10.42.1.0/32 dev vx7
ip link set vx7 up
`},
		{"the gateway's address of another subnet goes once there is ours", nil, nil, func(s *State) { s.Bridge.Address = netip.MustParsePrefix("10.42.9.1/24") }, `
ip addr add 10.42.1.1/24 dev ovl7
ip addr del 10.42.9.1/24 dev ovl7
`},
		{"the bridge's own route deleted by hand", nil, nil, func(s *State) { s.Bridge.Connected = false }, `
ip route add 10.42.1.0/24 dev ovl7 proto kernel scope link src 10.42.1.1
`},
		{"what keeps packets from their way", nil, nil, func(s *State) {
			s.Bridge.Ports = []string{"veth1", "veth2"}
			s.Bridge.Damage = Damage{NoARP: true, NoReplies: true, Enslaved: true, STP: true, VLANs: true, LocalRouteGone: true, Down: []string{"veth1"}, Blocked: []string{"veth2"}}
			s.Vxlan.Damage = Damage{NoARP: true, Enslaved: true, LocalRouteGone: true, UnderlayRouteGone: "eth0"}
		}, `
ip link set ovl7 arp on
sysctl -w net.ipv4.conf.ovl7.arp_ignore=0
ip link set ovl7 nomaster
ip link set ovl7 type bridge stp_state 0
ip link set ovl7 type bridge vlan_filtering 0
ip route add local 10.42.1.1 dev ovl7 table local proto kernel scope host src 10.42.1.1
ip link set veth1 up
ip link set veth2 nomaster
ip link set veth2 master ovl7
ip link set vx7 arp on
ip link set vx7 nomaster
ip route add local 10.42.1.0 dev vx7 table local proto kernel scope host src 10.42.1.0
ip route add local 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1
`},
		{"MAC, MTU, state and forwarding are put right in place", nil, nil, func(s *State) {
			s.Vxlan.MAC, s.Vxlan.MTU, s.Vxlan.Up, s.Vxlan.Forwarding = MAC{}, 1500, false, false
		}, `
ip link set vx7 address ` + vx + `
ip link set vx7 mtu 1450
sysctl -w net.ipv4.conf.vx7.forwarding=1
ip link set vx7 up
`},
		{"a rule that Docker's chain lost", nil, nil, func(s *State) { s.Filter.Rules = slices.Delete(s.Filter.Rules, 2, 3) }, `
iptables -I DOCKER-USER -i vx7 -o ovl7 -j ACCEPT
`},
		{"a rule that table raw has not, as of an agent before this one", nil, nil, func(s *State) { s.Filter.Rules = s.Filter.Rules[:7] }, `
iptables -t raw -I PREROUTING -d 10.42.0.0/16 -i vx7 -j ACCEPT
`},
		{"a filter that was flushed, with Docker's chains", nil, nil, func(s *State) { s.Filter.Rules = nil }, `
iptables -N DOCKER-USER
iptables -I FORWARD -j DOCKER-USER
iptables -I DOCKER-USER -i vx7 -o ovl7 -j ACCEPT
iptables -I DOCKER-USER -i ovl7 -o vx7 -j ACCEPT
iptables -A FORWARD -o ovl7 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -A FORWARD -i ovl7 ! -o ovl7 -j ACCEPT
iptables -A FORWARD -i ovl7 -o ovl7 -j ACCEPT
iptables -t raw -I PREROUTING -d 10.42.0.0/16 -i vx7 -j ACCEPT
`},
		{"a host that was let in by hand, and one that was shut out", []Peer{peer(2)}, nil, func(s *State) { s.Hosts = map[netip.Addr]struct{}{underlay(66): {}} }, `
nft add element inet rundock_ovl7 hosts { 192.0.2.2 }
nft delete element inet rundock_ovl7 hosts { 192.0.2.66 }
`},
		{"no Docker, no rule", nil, nil, func(s *State) { s.Filter = Filter{Open: true} }, "\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wanted := want(t, apps, one, tt.peers...)
			have := want(t, apps, one, tt.peers...)
			if tt.had != nil {
				have = want(t, apps, one, tt.had...)
			}
			if tt.tamper != nil {
				tt.tamper(&have)
			}
			if got := "\n" + lines(Plan(have, wanted)); got != tt.want {
				t.Errorf("plan:%s\nwant:%s", got, tt.want)
			}
		})
	}
}

func TestPlan_of_nothing_takes_all_away(t *testing.T) {
	have := want(t, apps, host(1), peer(2))
	if got, want := lines(Plan(have, bare(have))), `ip link del vx7
ip link del ovl7
iptables -D DOCKER-USER -i vx7 -o ovl7 -j ACCEPT
iptables -D DOCKER-USER -i ovl7 -o vx7 -j ACCEPT
iptables -D FORWARD -o ovl7 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -D FORWARD -i ovl7 ! -o ovl7 -j ACCEPT
iptables -D FORWARD -i ovl7 -o ovl7 -j ACCEPT
iptables -t raw -D PREROUTING -d 10.42.0.0/16 -i vx7 -j ACCEPT
ip route del unreachable 10.42.0.0/16 proto 82 metric 1
nft delete table ip rundock_ovl7
nft delete table inet rundock_ovl7
`; got != want {
		t.Errorf("plan:\n%swant:\n%s", got, want)
	}
}

// Whatever a kernel holds, the plan's operations leave what is wanted, and
// nothing to do.
func TestPlan_reaches_what_is_wanted(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 1))
		wanted, have := anyState(t, r), anyState(t, r)
		if r.IntN(10) == 0 {
			wanted = bare(wanted)
		}
		tamper(r, &have)
		before := clone(have)
		ops := Plan(have, wanted)
		if !reflect.DeepEqual(have, before) {
			t.Fatalf("seed %d: Plan changed what it was given", seed)
		}
		got := clone(have)
		for _, op := range ops {
			model(t, &got, op)
		}
		if left := Plan(got, wanted); len(left) > 0 {
			t.Fatalf("seed %d: after\n%sthere is left to do\n%s", seed, lines(ops), lines(left))
		}
		if again := Plan(wanted, wanted); len(again) > 0 {
			t.Fatalf("seed %d: Plan(x, x) is\n%s", seed, lines(again))
		}
		if !reflect.DeepEqual(got.Routes, wanted.Routes) && len(got.Routes)+len(wanted.Routes) > 0 ||
			!maps.Equal(got.Neighbours, wanted.Neighbours) || !maps.Equal(got.Forwards, wanted.Forwards) || !maps.Equal(got.Hosts, wanted.Hosts) {
			t.Fatalf("seed %d: after\n%sthe kernel has %v, want %v", seed, lines(ops), got, wanted)
		}
	}
}

func anyState(t *testing.T, r *rand.Rand) State {
	h := host(1 + r.IntN(2))
	h.MTU -= 100 * r.IntN(2)
	var peers []Peer
	for i := range r.IntN(6) {
		p := peer(3 + i)
		p.MAC[0] += byte(4 * r.IntN(2))
		p.Underlay = underlay(3 + i + 10*r.IntN(2))
		p.MTU = 1300 * r.IntN(2)
		peers = append(peers, p)
	}
	s := want(t, apps, h, peers...)
	for _, port := range []string{"veth1", "veth2"} {
		if r.IntN(2) == 0 {
			s.Bridge.Ports = append(s.Bridge.Ports, port)
		}
	}
	return s
}

func tamper(r *rand.Rand, s *State) {
	for range r.IntN(4) {
		switch r.IntN(14) {
		case 12:
			if s.Bridge.Exists {
				s.Bridge.Ports = []string{"veth1", "veth2"}
				s.Bridge.Damage = Damage{NoARP: r.IntN(2) == 0, NoReplies: r.IntN(2) == 0, Enslaved: r.IntN(2) == 0, STP: true, VLANs: true, LocalRouteGone: r.IntN(2) == 0, Down: []string{"veth1"}, Blocked: []string{"veth2"}}
			}
		case 13:
			if s.Vxlan.Exists {
				s.Vxlan.Damage = Damage{NoARP: true, Enslaved: r.IntN(2) == 0, LocalRouteGone: r.IntN(2) == 0, UnderlayRouteGone: "eth0"}
			}
		case 0:
			s.Vxlan = Link{Name: "vx7"}
			s.Neighbours, s.Forwards, s.Routes = nil, nil, nil
		case 1:
			s.Bridge = Link{Name: "ovl7"}
		case 2:
			s.Table.Chains = nil
		case 3:
			s.Table.Chains = []Chain{{Name: "forward", Type: "filter", Hook: "forward", Priority: -10, Rules: []string{"drop"}}}
		case 4:
			s.Filter.Rules = slices.DeleteFunc(slices.Clone(s.Filter.Rules), func(string) bool { return r.IntN(2) == 0 })
			s.Filter.Open = len(s.Filter.Rules) == 0 && r.IntN(2) == 0
		case 5:
			for ip := range s.Neighbours {
				delete(s.Neighbours, ip)
				break
			}
		case 6:
			for mac := range s.Forwards {
				delete(s.Forwards, mac)
				break
			}
		case 7:
			for key := range s.Routes {
				delete(s.Routes, key)
				break
			}
		case 8:
			if s.Bridge.Exists {
				s.Bridge.OtherAddresses = []netip.Prefix{netip.MustParsePrefix("10.42.77.1/24")}
				s.Bridge.Connected = false
			}
		case 10:
			s.Guard.Chains, s.Hosts = nil, nil
		case 11:
			if s.Guard.Chains != nil {
				clear(s.Hosts)
				s.Hosts[underlay(99)] = struct{}{}
			}
		case 9:
			if s.Vxlan.Exists {
				s.Neighbours[netip.MustParseAddr("10.42.99.0")] = MAC{2, 9}
				s.Forwards[MAC{2, 9}] = underlay(99)
				s.Routes[RouteKey{netip.MustParsePrefix("10.42.99.0/24"), 5}] = Route{Via: netip.MustParseAddr("10.42.99.0")}
			}
		}
	}
}

func clone(s State) State {
	s.Neighbours, s.Forwards, s.Routes = maps.Clone(s.Neighbours), maps.Clone(s.Forwards), maps.Clone(s.Routes)
	s.Hosts = maps.Clone(s.Hosts)
	s.Bridge.OtherAddresses, s.Vxlan.OtherAddresses = slices.Clone(s.Bridge.OtherAddresses), slices.Clone(s.Vxlan.OtherAddresses)
	return s
}

// model does to s what the kernel does for op, as far as a State shows it. It
// fails where the kernel would.
func model(t *testing.T, s *State, op Op) {
	t.Helper()
	link := func(name string, exists bool) *Link {
		l := &s.Bridge
		if name == s.Vxlan.Name {
			l = &s.Vxlan
		}
		if l.Exists != exists {
			t.Fatalf("%s: device exists: %v", op, l.Exists)
		}
		return l
	}
	switch o := op.(type) {
	case AddBridge:
		*link(o.Dev, false) = Link{Name: o.Dev, Exists: true, MAC: o.MAC, MTU: 1500}
	case AddVxlan:
		*link(o.Dev, false) = Link{Name: o.Dev, Exists: true, MAC: o.MAC, MTU: 1500, Tunnel: o.Tunnel}
		s.Neighbours, s.Forwards, s.Routes = map[netip.Addr]MAC{}, map[MAC]netip.Addr{}, map[RouteKey]Route{}
	case DeleteLink:
		*link(o.Dev, true) = Link{Name: o.Dev}
		if o.Dev == s.Vxlan.Name {
			s.Neighbours, s.Forwards, s.Routes = nil, nil, nil
		}
	case SetMAC:
		link(o.Dev, true).MAC = o.MAC
	case SetMTU:
		link(o.Dev, true).MTU = o.MTU
	case SetUp:
		if strings.HasPrefix(o.Dev, "veth") {
			l := link(s.Bridge.Name, true)
			l.Down = slices.DeleteFunc(slices.Clone(l.Down), func(p string) bool { return p == o.Dev })
			break
		}
		l := link(o.Dev, true)
		l.Up, l.Connected = true, l.Address.IsValid()
	case SetForwarding:
		link(o.Dev, true).Forwarding = true
	case AddAddress:
		l := link(o.Dev, true)
		if l.Address.IsValid() {
			l.OtherAddresses = append([]netip.Prefix{l.Address}, l.OtherAddresses...)
		}
		l.Address, l.Connected, l.LocalRouteGone = o.Address, l.Up, false
	case DeleteAddress:
		l := link(o.Dev, true)
		if !slices.Contains(l.OtherAddresses, o.Address) {
			t.Fatalf("%s: no such address", op)
		}
		l.OtherAddresses = slices.DeleteFunc(slices.Clone(l.OtherAddresses), func(a netip.Prefix) bool { return a == o.Address })
	case AddPort:
		l := link(o.Dev, true)
		l.Ports = append(slices.Clone(l.Ports), o.Port)
	case AddUnreachable:
		s.Unreachable = o.Network
	case DeleteUnreachable:
		s.Unreachable = netip.Prefix{}
	case AddConnected:
		link(o.Dev, true).Connected = true
	case SetARP:
		link(o.Dev, true).NoARP = false
	case SetARPReplies:
		link(o.Dev, true).NoReplies = false
	case SetNoMaster:
		link(o.Dev, true).Enslaved = false
	case DisableSTP:
		link(o.Dev, true).STP = false
	case DisableVLANs:
		link(o.Dev, true).VLANs = false
	case ReattachPort:
		l := link(o.Dev, true)
		l.Blocked = slices.DeleteFunc(slices.Clone(l.Blocked), func(p string) bool { return p == o.Port })
	case AddLocalRoute:
		if o.Dev == "eth0" {
			link(s.Vxlan.Name, true).UnderlayRouteGone = ""
		} else {
			link(o.Dev, true).LocalRouteGone = false
		}
	case PutNeighbour:
		link(o.Dev, true)
		s.Neighbours[o.IP] = o.MAC
	case DeleteNeighbour:
		delete(s.Neighbours, o.IP)
	case PutForward:
		link(o.Dev, true)
		s.Forwards[o.MAC] = o.To
	case DeleteForward:
		delete(s.Forwards, o.MAC)
	case PutRoute:
		if l := link(o.Dev, true); !l.Up {
			t.Fatalf("%s: %s is down", op, o.Dev)
		}
		s.Routes[o.Key] = o.Route
	case DeleteRoute:
		delete(s.Routes, o.Key)
	case PutTable:
		if o.Table.Family == "ip" {
			s.Table = o.Table
			break
		}
		s.Guard, s.Hosts = o.Table, map[netip.Addr]struct{}{}
		for _, at := range o.Hosts {
			s.Hosts[at] = struct{}{}
		}
	case DeleteTable:
		if o.Family == "ip" {
			s.Table.Chains = nil
		} else {
			s.Guard.Chains, s.Hosts = nil, nil
		}
	case AddHost:
		s.Hosts[o.At] = struct{}{}
	case DeleteHost:
		delete(s.Hosts, o.At)
	case AddRule:
		s.Filter.Rules = append(slices.Clone(s.Filter.Rules), o.Rule)
	case DeleteRule:
		s.Filter.Rules = slices.DeleteFunc(slices.Clone(s.Filter.Rules), func(rule string) bool { return rule == o.Rule })
	default:
		t.Fatalf("the model does not know %T", op)
	}
}

func TestFence_cuts_a_host_off_and_leaves_its_containers_their_bridge(t *testing.T) {
	have := want(t, apps, host(1), peer(2))
	if got, want := lines(Plan(have, fence(have))), `ip link del vx7
iptables -D DOCKER-USER -i vx7 -o ovl7 -j ACCEPT
iptables -D DOCKER-USER -i ovl7 -o vx7 -j ACCEPT
iptables -t raw -D PREROUTING -d 10.42.0.0/16 -i vx7 -j ACCEPT
`; got != want {
		t.Errorf("plan:\n%swant:\n%s", got, want)
	}
	if back := lines(Plan(fence(have), have)); !strings.Contains(back, "ip link add vx7") || !strings.Contains(back, "ip route replace 10.42.2.0/24") {
		t.Errorf("what undoes it:\n%s", back)
	}
}

func TestWithout_leaves_out_what_was_done_meanwhile(t *testing.T) {
	before, moved := want(t, apps, host(1), peer(2), peer(3)), want(t, apps, host(1), Peer{Subnet: peer(2).Subnet, Underlay: underlay(9), MAC: peer(9).MAC})
	told := Plan(want(t, apps, host(1), peer(2)), moved)
	if got, want := lines(SkipSuperseded(Plan(before, moved), told)), `ip route del 10.42.3.0/24 via 10.42.3.0 dev vx7 proto 82 metric 4
bridge fdb del 02:00:00:00:00:03 dev vx7 dst 192.0.2.3 self
ip neigh del 10.42.3.0 dev vx7
nft delete element inet rundock_ovl7 hosts { 192.0.2.3 }
`; got != want {
		t.Errorf("of a peer that moved, which the kernel was told, and one that went:\n%swant:\n%s", got, want)
	}
	elsewhere := clone(before)
	elsewhere.Forwards[peer(3).MAC] = underlay(77)
	left := want(t, apps, host(1), peer(2))
	if got, want := lines(SkipSuperseded(Plan(elsewhere, left), Plan(before, left))), `bridge fdb del 02:00:00:00:00:03 dev vx7 dst 192.0.2.77 self
`; got != want {
		t.Errorf("of an entry by hand, which is not the one that was deleted:\n%swant:\n%s", got, want)
	}
	gone := clone(before)
	gone.Vxlan = Link{Name: "vx7"}
	if all := Plan(gone, moved); lines(SkipSuperseded(all, told)) != lines(all) {
		t.Error("what was told to a device that is gone was left out")
	}
}
