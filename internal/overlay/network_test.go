package overlay

import (
	"net/netip"
	"strings"
	"testing"
)

func TestCheck_names_the_field(t *testing.T) {
	tests := []struct {
		change func(*Network)
		want   string
	}{
		{func(n *Network) { n.Name = "Apps" }, `name "Apps"`},
		{func(n *Network) { n.Name = "bridge" }, "name bridge: Docker keeps that name for a network of its own"},
		{func(n *Network) { n.Name = "default" }, "name default: Docker keeps"},
		{func(n *Network) { n.Name = "host" }, "name host: Docker keeps"},
		{func(n *Network) { n.Name = "none" }, "name none: Docker keeps"},
		{func(n *Network) { n.CIDR = netip.Prefix{} }, "cidr is missing"},
		{func(n *Network) { n.CIDR = netip.MustParsePrefix("10.42.1.0/16") }, "cidr 10.42.1.0/16 has host bits set; the network is 10.42.0.0/16"},
		{func(n *Network) { n.CIDR = netip.MustParsePrefix("fd00::/48") }, "cidr fd00::/48: want an IPv4 network"},
		{func(n *Network) { n.CIDR = netip.MustParsePrefix("224.0.0.0/8") }, "cidr 224.0.0.0/8 is not for hosts"},
		{func(n *Network) { n.SubnetLength = 16 }, "subnet_length 16: want more than the 16 of cidr 10.42.0.0/16, and at most 30"},
		{func(n *Network) { n.SubnetLength = 31 }, "subnet_length 31"},
		{func(n *Network) { n.VNI = 0 }, "vni 0: want 1 to 16777215"},
		{func(n *Network) { n.VNI = 1 << 24 }, "vni 16777216"},
		{func(n *Network) { n.MTU = 68 }, "mtu 68: want 576 to 65535, or auto"},
	}
	if err := apps.Check(); err != nil {
		t.Errorf("Check of a good network = %v", err)
	}
	for _, tt := range tests {
		n := apps
		tt.change(&n)
		if err := n.Check(); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("Check = %v, want %s", err, tt.want)
		}
	}
}

func TestIndex_is_the_inverse_of_Subnet(t *testing.T) {
	n := Network{Name: "n", CIDR: netip.MustParsePrefix("172.20.64.0/18"), SubnetLength: 26, VNI: 1}
	if got, want := n.Subnets(), 256; got != want {
		t.Fatalf("Subnets = %d, want %d", got, want)
	}
	if got := n.Subnet(5).String(); got != "172.20.65.64/26" {
		t.Errorf("Subnet(5) = %s, want 172.20.65.64/26", got)
	}
	for i := range n.Subnets() {
		if got, err := n.Index(n.Subnet(i)); got != i || err != nil {
			t.Fatalf("Index(Subnet(%d)) = %d, %v", i, got, err)
		}
	}
	for _, bad := range []string{"172.20.128.0/26", "172.20.64.0/25", "172.20.64.1/26"} {
		if i, err := n.Index(netip.MustParsePrefix(bad)); err == nil {
			t.Errorf("Index(%s) = %d, want an error", bad, i)
		}
	}
}

func TestWant_names_what_does_not_fit(t *testing.T) {
	six := peer(3)
	six.Underlay = netip.MustParseAddr("2001:db8::3")
	outside := peer(3)
	outside.Subnet = netip.MustParsePrefix("10.43.3.0/24")
	wide := apps
	wide.MTU = 1480
	small := host(1)
	small.MTU = 600
	tests := []struct {
		network Network
		host    Host
		peer    Peer
		want    string
	}{
		{apps, host(1), six, "peer 2001:db8::3: its underlay address is not of the family of ours, 192.0.2.1"},
		{apps, host(1), outside, "peer 192.0.2.3: subnet 10.43.3.0/24 is no /24 of 10.42.0.0/16"},
		{wide, host(1), peer(3), "mtu 1480 is more than the 1450 that are left of the underlay's 1500"},
		{apps, small, peer(3), "mtu 600 of the underlay leaves 550 for the network, less than 576"},
	}
	for _, tt := range tests {
		if _, err := Want(tt.network, tt.host, []Peer{tt.peer}); err == nil || err.Error() != tt.want {
			t.Errorf("Want = %v, want %s", err, tt.want)
		}
	}
}

func TestWant_leaves_out_this_host(t *testing.T) {
	if got := want(t, apps, host(1), peer(1), peer(2)); len(got.Routes) != 1 {
		t.Errorf("routes = %v, want peer 2's alone", got.Routes)
	}
}

func TestMACs_are_stable_and_distinct(t *testing.T) {
	seen := map[MAC]bool{}
	for _, m := range []MAC{VxlanMAC("a", 1), VxlanMAC("a", 2), VxlanMAC("b", 1), BridgeMAC("a", 1)} {
		if seen[m] || m[0]&3 != 2 {
			t.Errorf("%s is not new, or no locally administered address of one station", m)
		}
		seen[m] = true
		if got, err := ParseMAC(m.String()); got != m || err != nil {
			t.Errorf("ParseMAC(%s) = %s, %v", m, got, err)
		}
	}
	// Changing this would give every device of every host another address.
	if got := VxlanMAC("0123456789abcdef0123456789abcdef", 7).String(); got != "22:71:47:80:fa:b8" {
		t.Errorf("VxlanMAC = %s", got)
	}
}

func TestBeside_names_the_other_network(t *testing.T) {
	for _, c := range []struct {
		name  string
		other Network
		want  string
	}{
		{"another", Network{Name: "data", CIDR: netip.MustParsePrefix("10.43.0.0/16"), VNI: 8}, ""},
		{"itself", apps, ""},
		{"a part of it", Network{Name: "data", CIDR: netip.MustParsePrefix("10.42.128.0/17"), VNI: 8}, "cidr 10.42.0.0/16 overlaps 10.42.128.0/17 of network data"},
		{"one around it", Network{Name: "data", CIDR: netip.MustParsePrefix("10.0.0.0/8"), VNI: 8}, "cidr 10.42.0.0/16 overlaps 10.0.0.0/8 of network data"},
		{"one with its VNI", Network{Name: "data", CIDR: netip.MustParsePrefix("10.43.0.0/16"), VNI: 7}, "vni 7 is that of network data"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := apps.CheckConflicts([]Network{c.other}); c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
				t.Errorf("Beside = %v, want %q", err, c.want)
			}
		})
	}
}
