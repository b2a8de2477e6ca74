package overlay

import (
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func wanted(t *testing.T, peers ...Peer) *Wanted {
	t.Helper()
	w, err := NewWanted(apps, host(1), peers)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWanted_tells_what_a_change_takes(t *testing.T) {
	moved := peer(2)
	moved.Underlay, moved.MAC = underlay(22), MAC{2, 0, 0, 0, 0, 22}
	narrow := peer(2)
	narrow.MTU = 1300
	named := peer(2)
	named.Host = "node-2"
	ours := peer(1)
	ours.Underlay = underlay(9)
	gone := func(i int) map[netip.Prefix]*Peer { return map[netip.Prefix]*Peer{apps.Subnet(i): nil} }
	is := func(p Peer) map[netip.Prefix]*Peer { return map[netip.Prefix]*Peer{p.Subnet: &p} }
	tests := []struct {
		name   string
		had    []Peer
		change map[netip.Prefix]*Peer
		want   string
	}{
		{"a peer comes", []Peer{peer(3)}, is(peer(2)), `nft add element inet rundock_ovl7 hosts { 192.0.2.2 }
ip neigh replace 10.42.2.0 lladdr 02:00:00:00:00:02 dev vx7 nud permanent
bridge fdb replace 02:00:00:00:00:02 dev vx7 dst 192.0.2.2 self permanent
ip route replace 10.42.2.0/24 via 10.42.2.0 dev vx7 onlink proto 82 metric 3
`},
		{"a peer goes", []Peer{peer(2), peer(3)}, gone(2), `ip route del 10.42.2.0/24 via 10.42.2.0 dev vx7 proto 82 metric 3
bridge fdb del 02:00:00:00:00:02 dev vx7 dst 192.0.2.2 self
ip neigh del 10.42.2.0 dev vx7
nft delete element inet rundock_ovl7 hosts { 192.0.2.2 }
`},
		{"a peer has moved, to another address with another device", []Peer{peer(2), peer(3)}, is(moved), `nft add element inet rundock_ovl7 hosts { 192.0.2.22 }
ip neigh replace 10.42.2.0 lladdr 02:00:00:00:00:16 dev vx7 nud permanent
bridge fdb replace 02:00:00:00:00:16 dev vx7 dst 192.0.2.22 self permanent
bridge fdb del 02:00:00:00:00:02 dev vx7 dst 192.0.2.2 self
nft delete element inet rundock_ovl7 hosts { 192.0.2.2 }
`},
		{"the path to a peer is narrow", []Peer{peer(2), peer(3)}, is(narrow), "ip route replace 10.42.2.0/24 via 10.42.2.0 dev vx7 onlink proto 82 metric 3 mtu lock 1300\n"},
		{"a peer has a name", []Peer{peer(2), peer(3)}, is(named), ""},
		{"a peer is what it was", []Peer{peer(2), peer(3)}, is(peer(2)), ""},
		{"one that was not there goes", []Peer{peer(3)}, gone(2), ""},
		{"this host's subnet is another's", []Peer{peer(2)}, is(ours), `ip link del vx7
iptables -D DOCKER-USER -i vx7 -o ovl7 -j ACCEPT
iptables -D DOCKER-USER -i ovl7 -o vx7 -j ACCEPT
iptables -t raw -D PREROUTING -d 10.42.0.0/16 -i vx7 -j ACCEPT
`},
		{"a peer comes while it is", []Peer{ours}, is(peer(2)), "nft add element inet rundock_ovl7 hosts { 192.0.2.2 }\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := wanted(t, tt.had...)
			ops, whole, err := w.Change(tt.change)
			if got := lines(ops); got != tt.want || whole || err != nil {
				t.Errorf("plan:\n%swant:\n%s(whole: %v, error: %v)", got, tt.want, whole, err)
			}
		})
	}
	t.Run("a host whose subnet is its own again is looked at whole", func(t *testing.T) {
		w := wanted(t, ours, peer(2))
		if !w.Fenced() {
			t.Error("it is not fenced")
		}
		if _, whole, err := w.Change(gone(1)); !whole || err != nil || !w.State().Vxlan.Exists || len(w.State().Routes) != 1 {
			t.Errorf("whole: %v, error: %v, wanted is %v", whole, err, w.State())
		}
	})
	t.Run("a bad peer is named and keeps none from being taken in", func(t *testing.T) {
		w := wanted(t)
		bad := Peer{Subnet: netip.MustParsePrefix("10.99.0.0/24"), Underlay: underlay(9)}
		ops, _, err := w.Change(map[netip.Prefix]*Peer{bad.Subnet: &bad, peer(2).Subnet: new(peer(2))})
		if err == nil || !strings.Contains(err.Error(), "peer 192.0.2.9: subnet 10.99.0.0/24 is no /24 of") || len(ops) != 4 || w.Count() != 1 {
			t.Errorf("error %v, and\n%s", err, lines(ops))
		}
	})
}

// Whatever changes, a kernel that held what was wanted holds what is, and that
// is what Want says of all the peers there are.
func TestWanted_changes_lead_where_all_at_once_would(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := wanted(t)
		kernel := clone(w.State())
		all := map[netip.Prefix]Peer{}
		for range 20 {
			change := map[netip.Prefix]*Peer{}
			for range 1 + r.IntN(3) {
				p := peer(1 + r.IntN(6)) // 1 is this host's subnet
				p.Underlay = underlay(1 + r.IntN(20))
				p.MAC[5] = byte(2 + r.IntN(8)) // of one MAC there may be several
				p.MTU = 1300 * r.IntN(2)
				if change[p.Subnet] = &p; r.IntN(3) == 0 {
					change[p.Subnet] = nil
				}
			}
			if r.IntN(4) == 0 { // a list
				for _, p := range change {
					if p != nil {
						all[p.Subnet] = *p
					}
				}
				change = w.Difference(slices.Collect(maps.Values(all)))
			}
			ops, whole, err := w.Change(change)
			if err != nil {
				t.Fatal(err)
			}
			for subnet, p := range change {
				if delete(all, subnet); p != nil {
					all[subnet] = *p
				}
			}
			want := want(t, apps, host(1), slices.SortedFunc(maps.Values(all), func(a, b Peer) int { return a.Subnet.Compare(b.Subnet) })...)
			if _, fenced := all[apps.Subnet(1)]; fenced {
				want = fence(want)
			}
			if got := w.State(); len(Plan(got, want)) > 0 || len(Plan(want, got)) > 0 || len(w.Peers()) != len(all) {
				t.Fatalf("seed %d: wanted is\n%v, of all at once it would be\n%v", seed, got, want)
			}
			for _, op := range ops {
				model(t, &kernel, op)
			}
			left := Plan(kernel, want)
			if len(left) > 0 && !whole {
				t.Fatalf("seed %d: after\n%sthere is left to do\n%s", seed, lines(ops), lines(left))
			}
			for _, op := range left {
				model(t, &kernel, op)
			}
		}
	}
}

// A peer to which nothing can be sent is told of, until it goes or is another.
func TestWanted_tells_whom_it_leaves_out(t *testing.T) {
	same, six := peer(2), peer(3)
	same.Underlay, six.Underlay = underlay(1), netip.MustParseAddr("2001:db8::3")
	back := peer(3)
	w := wanted(t, peer(4))
	for _, step := range []struct {
		change map[netip.Prefix]*Peer
		want   string
	}{
		{map[netip.Prefix]*Peer{same.Subnet: &same, six.Subnet: &six}, "other hosts that are left out, as nothing can be sent to them: 2; that of 10.42.2.0/24 has this host's own underlay address, 192.0.2.1"},
		{map[netip.Prefix]*Peer{same.Subnet: nil}, "other hosts that are left out, as nothing can be sent to them: 1; peer 2001:db8::3: its underlay address is not of the family of ours, 192.0.2.1"},
		{map[netip.Prefix]*Peer{six.Subnet: &back}, ""},
	} {
		w.Change(step.change)
		if got := w.LeftOut().What; got != step.want {
			t.Errorf("after %v: %q, want %q", step.change, got, step.want)
		}
	}
}
