package kernel_test

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"rundock/internal/netnstest"
	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
	"rundock/internal/overlay/overlaytest"
)

func TestCheckConflicts_names_what_is_in_the_way(t *testing.T) {
	n := overlay.Network{Name: "apps", CIDR: netip.MustParsePrefix("10.42.0.0/16"), SubnetLength: 24, VNI: 7}
	for _, c := range []struct{ name, host, want string }{
		{"nothing", "", ""},
		{"the underlay", "ip addr add 10.42.200.1/24 dev eth0", "cidr 10.42.0.0/16 overlaps 10.42.200.1/24, an address of interface eth0"},
		{"a wider underlay", "ip addr add 10.0.0.1/8 dev eth0", "cidr 10.42.0.0/16 overlaps 10.0.0.1/8, an address of interface eth0"},
		{"a bridge such as Docker's", "ip link add br0 type bridge; ip addr add 10.42.0.1/16 dev br0", "10.42.0.1/16, an address of interface br0"},
		{"the bridge of a Docker network", "ip link add br-0123456789ab type bridge; ip addr add 10.42.8.1/24 dev br-0123456789ab", "cidr 10.42.0.0/16 overlaps 10.42.8.1/24, an address of interface br-0123456789ab, the bridge of a Docker network (docker network inspect 0123456789ab)"},
		{"a route to a part", "ip route add 10.42.9.0/24 via 192.0.2.1", "cidr 10.42.0.0/16 overlaps the route 10.42.9.0/24 to interface eth0"},
		{"a route to the same", "ip route add 10.42.0.0/16 via 192.0.2.1", "overlaps the route 10.42.0.0/16"},
		{"a wider network on the link", "ip route add 10.0.0.0/8 dev eth0", "overlaps the route 10.0.0.0/8"},
		{"a wider network behind a gateway is none", "ip route add 10.0.0.0/8 via 192.0.2.1; ip route add default via 192.0.2.1", ""},
		{"addresses taken out of use", "ip route add blackhole 10.42.1.0/24", "overlaps the route 10.42.1.0/24"},
		{"our own devices are none", "ip link add ovl7 type bridge; ip addr add 10.42.3.1/24 dev ovl7; ip link set ovl7 up; ip link add vx7 type vxlan id 7 dstport 4789; ip addr add 10.42.3.0/32 dev vx7; ip link set vx7 up; ip route add 10.42.4.0/24 via 10.42.4.0 dev vx7 onlink", ""},
		{"our own answer for who is away is none", "ip route add unreachable 10.42.0.0/16 proto 82 metric 1", ""},
		{"another device with the VNI", "ip link add flannel.7 type vxlan id 7 dstport 4789", "vni 7 is that of device flannel.7 already"},
		{"the VNI at another port is none", "ip link add flannel.7 type vxlan id 7 dstport 8472", ""},
		{"a device that takes all VNIs of the port", "ip link add vxlan_sys type vxlan external dstport 4789", "udp port 4789 is that of VXLAN device vxlan_sys, which does not share it"},
		{"the same at another port is none", "ip link add vxlan_sys type vxlan external dstport 4790", ""},
		{"another VXLAN device at the port is none", "ip link add vx8 type vxlan id 8 dstport 4789; ip link set vx8 up", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			host := netnstest.New(t, "host")
			host.Sh("ip link add eth0 type veth peer name eth9; ip addr add 192.0.2.5/24 dev eth0; ip link set eth0 up; ip link set eth9 up;" + c.host)
			host.Do(func() { conflict(t, n, "192.0.2.5", c.want) })
		})
	}
	t.Run("the VNI in another namespace, as of swarm", func(t *testing.T) {
		host, swarm := netnstest.New(t, "host"), netnstest.New(t, "swarm")
		host.Sh("ip addr add 192.0.2.5/24 dev lo; ip link add vxlan0 type vxlan id 7 dstport 4789; ip link set vxlan0 netns " + strings.Split(swarm.Path(), "/")[4])
		host.Do(func() {
			conflict(t, n, "192.0.2.5", "vni 7 is that of a VXLAN device in another network namespace, as of a network of Docker swarm (docker network ls -f driver=overlay): choose another vni")
			other := n
			other.VNI = 8
			conflict(t, other, "192.0.2.5", "")
		})
		if left := host.Sh("ip -br link"); strings.Contains(left, "vx") {
			t.Errorf("what was tried is still there:\n%s", left)
		}
	})
	t.Run("a program at the port", func(t *testing.T) {
		host := netnstest.New(t, "host")
		host.Sh("ip addr add 192.0.2.5/24 dev lo; ip addr add 2001:db8::5/64 dev lo nodad")
		host.Do(func() {
			for _, c := range []struct{ at, underlay, want string }{
				{"192.0.2.5:4789", "192.0.2.5", "udp port 4789 is another program's already"},
				{"[2001:db8::5]:4789", "2001:db8::5", "udp port 4789 is another program's already"},
				{"192.0.2.5:4788", "192.0.2.5", ""},
			} {
				l, err := net.ListenPacket("udp", c.at)
				if err != nil {
					t.Fatal(err)
				}
				conflict(t, n, c.underlay, c.want)
				l.Close()
			}
		})
	})
}

func TestCheckConflicts_names_an_underlay_by_which_nobody_is_reached(t *testing.T) {
	for underlay, want := range map[string]string{
		"192.0.2.5":   "",
		"2001:db8::5": "",
		"169.254.7.5": "",
		"127.0.0.1":   "underlay: the address 127.0.0.1 of interface eth0 is every host's own, by which no other reaches it: give underlay the interface",
		"::1":         "underlay: the address ::1 of interface eth0 is every host's own",
		"fe80::5":     "underlay: the address fe80::5 of interface eth0 is of one link alone",
		"224.0.0.5":   "underlay: the address 224.0.0.5 of interface eth0 is not a host's",
	} {
		netnstest.New(t, "host").Do(func() { conflict(t, overlaytest.Apps, underlay, want) })
	}
}

func conflict(t *testing.T, n overlay.Network, underlay, want string) {
	t.Helper()
	err := kernel.CheckConflicts(n, overlay.Underlay{Interface: "eth0", Address: netip.MustParseAddr(underlay), MTU: 1500})
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("Obstacle = %v, want %q", err, want)
	}
}

func TestAble_leaves_nothing(t *testing.T) {
	host := netnstest.New(t, "host")
	n := overlay.Network{Name: "apps", CIDR: netip.MustParsePrefix("10.42.0.0/16"), SubnetLength: 24, VNI: 7}
	host.Do(func() {
		for _, underlay := range []string{"192.0.2.5", "2001:db8::5"} {
			if err := kernel.CheckKernel(n, overlay.Underlay{Interface: "eth0", Address: netip.MustParseAddr(underlay), MTU: 1500}); err != nil {
				t.Errorf("Able over %s = %v", underlay, err)
			}
		}
		if err := kernel.CheckKernel(n, overlay.Underlay{Interface: "eth0", Address: netip.MustParseAddr("192.0.2.5"), MTU: 600}); err == nil || !strings.Contains(err.Error(), "mtu 600 of the underlay leaves 550") {
			t.Errorf("Able with a small underlay = %v", err)
		}
		if s, err := kernel.ReadDevices(n, netip.Prefix{}); err != nil || s.Bridge.Exists || s.Vxlan.Exists {
			t.Errorf("after it there is %+v, %v", s, err)
		}
	})
	for _, lacks := range kernel.EncryptionLacks() {
		if !strings.HasPrefix(lacks, "IPsec ESP with rfc4106(gcm(aes)) (") && !strings.HasPrefix(lacks, "WireGuard (") {
			t.Errorf("the kernel lacks %q", lacks)
		}
	}
}
