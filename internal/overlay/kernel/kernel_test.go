package kernel_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"rundock/internal/netnstest"
	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
	"rundock/internal/overlay/overlaytest"
)

var data = overlay.Network{Name: "data", CIDR: netip.MustParsePrefix("10.43.0.0/16"), SubnetLength: 24, VNI: 8}

// everything is reachable that should be, from where it should be.
func everything(t *testing.T, containers map[int]*overlaytest.Container, n overlay.Network) {
	t.Helper()
	for i, from := range containers {
		for j, to := range containers {
			if i != j {
				overlaytest.Reaches(t, from.Namespace, to.Namespace, to.Address, from.Address)
			}
		}
	}
}

func TestHosts_and_containers_reach_each_other(t *testing.T) {
	for _, six := range []bool{false, true} {
		t.Run(fmt.Sprintf("underlay of IPv6 %v", six), func(t *testing.T) {
			n := overlaytest.Apps
			c := overlaytest.NewCluster(t, 3, six, n)
			containers := map[int]*overlaytest.Container{}
			for i, h := range c.Hosts {
				containers[i] = h.Container(n, 10)
			}
			everything(t, containers, n)
			one, two := c.Hosts[0], c.Hosts[1]
			t.Run("a host reaches a container of another", func(t *testing.T) {
				overlaytest.Reaches(t, one.Namespace, containers[1].Namespace, containers[1].Address, n.Subnet(1).Addr())
			})
			t.Run("a container reaches another host's address in the network", func(t *testing.T) {
				overlaytest.Reaches(t, containers[0].Namespace, two.Namespace, overlay.Gateway(n.Subnet(2)), containers[0].Address)
			})
			if !six {
				t.Run("a container reaches the outside, as its host", func(t *testing.T) {
					overlaytest.Reaches(t, containers[0].Namespace, two.Namespace, overlaytest.Underlay(2), overlaytest.Underlay(1))
				})
			}
			t.Run("two containers of a host reach each other", func(t *testing.T) {
				other := one.Container(n, 11)
				overlaytest.Reaches(t, other.Namespace, containers[0].Namespace, containers[0].Address, other.Address)
			})
		})
	}
}

func TestNetworks_are_apart_in_both_directions(t *testing.T) {
	c := overlaytest.NewCluster(t, 2, false, overlaytest.Apps, data)
	one, two := c.Hosts[0], c.Hosts[1]
	a1, d1 := one.Container(overlaytest.Apps, 10), one.Container(data, 10)
	a2, d2 := two.Container(overlaytest.Apps, 10), two.Container(data, 10)
	overlaytest.Reaches(t, a1.Namespace, a2.Namespace, a2.Address, a1.Address)
	overlaytest.Reaches(t, d1.Namespace, d2.Namespace, d2.Address, d1.Address)
	for _, pair := range [][2]*overlaytest.Container{{a1, d1}, {d1, a1}, {a1, d2}, {d2, a1}, {d1, a2}} {
		overlaytest.Apart(t, pair[0].Namespace, pair[1].Namespace, pair[1].Address)
	}

	t.Run("from the underlay, which has a route to it, nobody reaches a container", func(t *testing.T) {
		outside := netnstest.New(t, "outside")
		c.Switch.Cable("port9", outside, "eth0", 1500)
		c.Switch.Sh("ip link set port9 master sw up")
		outside.Sh("ip addr add 192.0.2.99/24 dev eth0; ip link set eth0 up; ip route add 10.42.1.0/24 via 192.0.2.1; ip route add 10.42.2.0/24 via 192.0.2.1")
		overlaytest.Apart(t, outside, a1.Namespace, a1.Address)
		overlaytest.Apart(t, outside, a2.Namespace, a2.Address)
	})
	t.Run("a container with another's source address is not heard", func(t *testing.T) {
		a1.Sh("ip addr add 10.43.1.10/32 dev lo; ip route add 10.42.2.10/32 via 10.42.1.1 src 10.43.1.10")
		overlaytest.Apart(t, a1.Namespace, a2.Namespace, a2.Address)
		a1.Sh("ip route del 10.42.2.10/32")
		overlaytest.Reaches(t, a1.Namespace, a2.Namespace, a2.Address, a1.Address)
	})
}

// TestInternal_network_has_no_way_out has a container of one reach those of other hosts,
// and its own host, whose DNS it asks, and nothing else.
func TestInternal_network_has_no_way_out(t *testing.T) {
	inside := data
	inside.Internal = true
	c := overlaytest.NewCluster(t, 2, false, overlaytest.Apps, inside)
	one, two := c.Hosts[0], c.Hosts[1]
	d1, d2, a1 := one.Container(inside, 10), two.Container(inside, 10), one.Container(overlaytest.Apps, 10)
	overlaytest.Reaches(t, d1.Namespace, d2.Namespace, d2.Address, d1.Address)
	overlaytest.Reaches(t, d1.Namespace, one.Namespace, overlaytest.Underlay(1), d1.Address)
	overlaytest.Reaches(t, a1.Namespace, two.Namespace, overlaytest.Underlay(2), overlaytest.Underlay(1))
	overlaytest.Apart(t, d1.Namespace, two.Namespace, overlaytest.Underlay(2))

	t.Run("not even by a port that Docker publishes", func(t *testing.T) {
		one.Sh("nft add table ip docker; nft 'add chain ip docker pre { type nat hook prerouting priority dstnat; }'")
		for _, to := range []*overlaytest.Container{a1, d1} {
			var listener net.Listener
			var err error
			to.Do(func() { listener, err = net.Listen("tcp", netip.AddrPortFrom(to.Address, 80).String()) })
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			one.Sh(fmt.Sprintf("nft flush chain ip docker pre; nft add rule ip docker pre ip daddr 192.0.2.1 tcp dport 80 dnat to %s", to.Address))
			two.Do(func() {
				var conn net.Conn
				if conn, err = net.DialTimeout("tcp", "192.0.2.1:80", overlaytest.Restraint); err == nil {
					conn.Close()
				}
			})
			if reached, want := err == nil, to == a1; reached != want {
				t.Errorf("a published port of %s is reached: %t, %v", to.Name, reached, err)
			}
		}
	})
}

// Whatever is taken away by hand comes back with one audit, and what others
// made stays.
func TestAudit_heals_tampering(t *testing.T) {
	c := overlaytest.NewCluster(t, 2, false, overlaytest.Apps)
	one := c.Hosts[0]
	from, to := one.Container(overlaytest.Apps, 10), c.Hosts[1].Container(overlaytest.Apps, 10)
	overlaytest.Reaches(t, from.Namespace, to.Namespace, to.Address, from.Address)
	mac := overlay.VxlanMAC("machine-2", overlaytest.Apps.VNI)

	// A device and its routes, neighbours and entries of somebody else's.
	one.Sh(`ip link add vxother type vxlan id 99 local 192.0.2.1 dstport 4790 nolearning
		ip addr add 10.99.0.1/24 dev vxother; ip link set vxother up
		ip neigh replace 10.99.0.2 lladdr 02:00:00:00:00:99 dev vxother nud permanent
		bridge fdb append 02:00:00:00:00:99 dev vxother dst 192.0.2.99
		ip route add 10.98.0.0/24 via 10.99.0.2 dev vxother onlink proto 82
		ip route add 10.42.77.0/24 dev eth0`)
	foreign := func() string {
		return one.Sh("ip -d link show vxother | grep -o 'vxlan id.*nolearning'; ip neigh show dev vxother; bridge fdb show dev vxother; ip route show dev vxother; ip route show 10.42.77.0/24")
	}
	before := foreign()

	tests := []struct{ name, script string }{
		{"VXLAN device", "ip link del vx7"},
		{"VXLAN device down", "ip link set vx7 down"},
		{"VXLAN device's address", "ip addr flush dev vx7"},
		{"VXLAN device's MAC", "ip link set vx7 down; ip link set vx7 address 02:11:11:11:11:11; ip link set vx7 up"},
		{"VXLAN device of another VNI", "ip link del vx7; ip link add vx7 type vxlan id 77 local 192.0.2.1 dstport 4789; ip link set vx7 up"},
		{"MTU", "ip link set vx7 mtu 1200; ip link set ovl7 mtu 1300"},
		{"route", "ip route del 10.42.2.0/24 dev vx7"},
		{"route elsewhere", "ip route replace 10.42.2.0/24 via 10.42.9.0 dev vx7 onlink proto 82 metric 3"},
		{"route too many", "ip route add 10.42.5.0/24 via 10.42.2.0 dev vx7 onlink proto 82 metric 6"},
		{"neighbour", "ip neigh del 10.42.2.0 dev vx7"},
		{"neighbour's MAC", "ip neigh replace 10.42.2.0 lladdr 02:22:22:22:22:22 dev vx7 nud permanent"},
		{"neighbour that is not permanent", "ip neigh replace 10.42.2.0 lladdr 02:22:22:22:22:22 dev vx7 nud stale"},
		{"forwarding entry", fmt.Sprintf("bridge fdb del %s dev vx7 dst 192.0.2.2 self", mac)},
		{"forwarding entry elsewhere", fmt.Sprintf("bridge fdb replace %s dev vx7 dst 192.0.2.77 self permanent", mac)},
		{"forwarding entry too many", "bridge fdb append 02:33:33:33:33:33 dev vx7 dst 192.0.2.33 self permanent"},
		{"answer for who is away", "ip route del unreachable 10.42.0.0/16"},
		{"bridge, with containers on it", "ip link del ovl7"},
		{"a container's port", "ip link set veth7-10 nomaster"},
		{"a container's port at another bridge", "ip link show other 2>/dev/null || ip link add other type bridge; ip link set veth7-10 master other"},
		{"a container's port down", "ip link set veth7-10 down"},
		{"a container's port blocked", "bridge link set dev veth7-10 state 0"},
		{"a container's port isolated", "bridge link set dev veth7-10 isolated on"},
		{"a container's port without broadcasts", "bridge link set dev veth7-10 bcast_flood off"},
		{"a container's port without what is not known to be there", "bridge link set dev veth7-10 flood off"},
		{"bridge that answers no ARP request", "sysctl -qw net.ipv4.conf.ovl7.arp_ignore=8"},
		// The kernel has the port take part in the tree a moment after it is up.
		{"bridge with a spanning tree", "ip link set ovl7 type bridge stp_state 1; ip link set veth7-10 down; ip link set veth7-10 up; until bridge link show dev veth7-10 | grep -qE 'state (listening|learning)'; do sleep 0.01; done"},
		{"bridge without ARP", "ip link set ovl7 arp off"},
		{"VXLAN device without ARP", "ip link set vx7 arp off"},
		{"VXLAN device at a bridge", "ip link show other 2>/dev/null || ip link add other type bridge; ip link set vx7 master other"},
		{"VXLAN device at the network's own bridge", "ip link set vx7 master ovl7"},
		{"local routes", "ip route flush table local"},
		{"bridge down", "ip link set ovl7 down"},
		{"bridge's address", "ip addr flush dev ovl7"},
		{"bridge's route", "ip route del 10.42.1.0/24 dev ovl7"},
		{"bridge's address of another subnet", "ip addr add 10.42.9.1/24 dev ovl7"},
		{"bridge's MAC", "ip link set ovl7 address 02:44:44:44:44:44"},
		{"forwarding", "sysctl -qw net.ipv4.conf.ovl7.forwarding=0 net.ipv4.conf.vx7.forwarding=0"},
		{"all at once", "ip link del ovl7; ip link del vx7; nft delete table ip rundock_ovl7"},
		{"table", "nft delete table ip rundock_ovl7"},
		{"table's rules", "nft flush table ip rundock_ovl7"},
		{"all of nft", "nft flush ruleset"},
		{"table that lets hosts in", "nft delete table inet rundock_ovl7"},
		{"rules of it", "nft flush chain inet rundock_ovl7 arriving"},
		{"a host let in", "nft add element inet rundock_ovl7 hosts '{ 192.0.2.66 }'"},
		{"a host shut out", "nft delete element inet rundock_ovl7 hosts '{ 192.0.2.2 }'"},
		{"all hosts shut out", "nft flush set inet rundock_ovl7 hosts"},
		{"chain", "nft flush chain ip rundock_ovl7 postrouting; nft delete chain ip rundock_ovl7 postrouting"},
		{"rule", "nft insert rule ip rundock_ovl7 forward drop"},
		{"chain's policy", "nft chain ip rundock_ovl7 forward '{ policy drop; }'"},
	}
	// Not all kernels have bridges that filter VLANs.
	if _, err := one.Try("ip link add probe type bridge vlan_filtering 1 && ip link del probe"); err == nil {
		tests = append(tests, struct{ name, script string }{"bridge that knows VLANs", "ip link set ovl7 type bridge vlan_filtering 1 && bridge vlan del vid 1 dev veth7-10"})
	}
	if locked := "bridge link set dev veth7-10 locked on"; one.Sh(locked+" 2>/dev/null && bridge -d link show dev veth7-10 | grep -o 'locked on' || true") != "" {
		tests = append(tests, struct{ name, script string }{"a container's port locked", locked})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if strings.Contains(tt.script, "nft ") {
				overlaytest.NeedTool(t, "nft")
			}
			one.Sh(tt.script)
			if len(one.Plan(overlaytest.Apps)) == 0 {
				t.Error("the audit sees nothing")
			}
			one.Audit()
			overlaytest.Reaches(t, from.Namespace, to.Namespace, to.Address, from.Address)
			if after := foreign(); after != before {
				t.Errorf("of others there was\n%sand is\n%s", before, after)
			}
		})
	}
}

func TestAudit_heals_the_local_route_of_an_underlay_of_IPv6(t *testing.T) {
	c := overlaytest.NewCluster(t, 2, true, overlaytest.Apps)
	h := c.Hosts[0]
	from, to := h.Container(overlaytest.Apps, 10), c.Hosts[1].Container(overlaytest.Apps, 10)
	h.Sh("ip -6 route del local 2001:db8::1 table local")
	if left := overlaytest.Lines(h.Plan(overlaytest.Apps)); left != "ip -6 route add local 2001:db8::1 dev eth0 table local proto kernel metric 0\n" {
		t.Errorf("left is %q", left)
	}
	h.Audit()
	overlaytest.Reaches(t, from.Namespace, to.Namespace, to.Address, from.Address)
}

// What is the host's own is named, and left as it is.
func TestCheck_names_what_is_not_ours_to_put_right(t *testing.T) {
	c := overlaytest.NewCluster(t, 2, false, overlaytest.Apps)
	h := c.Hosts[0]
	for _, tt := range []struct{ script, want string }{
		{"sysctl -qw net.ipv4.ip_forward=0", "# net.ipv4.ip_forward is 0: the network's containers get no answers from outside of it, and their published ports are not reached; next: sysctl -w net.ipv4.ip_forward=1, and see what"},
		{"sysctl -qw net.ipv4.conf.eth0.forwarding=0", "# net.ipv4.conf.eth0.forwarding is 0: "},
		{"sysctl -qw net.ipv4.conf.all.arp_ignore=8", "# net.ipv4.conf.all.arp_ignore is 8: the host answers no ARP request there, and its containers and other hosts lose their way to it; next: sysctl -w net.ipv4.conf.all.arp_ignore=0, and see what"},
		{"sysctl -qw net.ipv4.conf.eth0.arp_ignore=8", "# net.ipv4.conf.eth0.arp_ignore is 8: the host answers no ARP request there, and other hosts lose"},
	} {
		h.Sh(tt.script)
		h.Audit()
		var faults []overlay.Fault
		var err error
		h.Do(func() { _, faults, err = h.Keepers["apps"].Check(overlaytest.Apps.Subnet(1), h.Want(overlaytest.Apps)) })
		if err != nil || len(faults) != 1 || !strings.HasPrefix(faults[0].String(), tt.want) {
			t.Errorf("after %s: faults are %q, %v, want %s...", tt.script, faults, err, tt.want)
		}
		h.Sh("sysctl -qw net.ipv4.ip_forward=0 net.ipv4.ip_forward=1 net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.eth0.arp_ignore=2")
		h.Do(func() { _, faults, err = h.Keepers["apps"].Check(overlaytest.Apps.Subnet(1), h.Want(overlaytest.Apps)) })
		if err != nil || len(faults) > 0 {
			t.Errorf("a host that forwards and answers has %q, %v", faults, err)
		}
	}
}

// An agent that is killed between any two operations leaves what the next one,
// to which other hosts may be known by then, makes right.
func TestApply_cut_short_anywhere_is_finished_by_the_next(t *testing.T) {
	const hosts = 3
	c := overlaytest.NewCluster(t, hosts, false)
	h := c.Hosts[0]
	some := func(peers ...int) overlay.State {
		var all []overlay.Peer
		for _, i := range peers {
			all = append(all, overlay.Peer{Subnet: overlaytest.Apps.Subnet(i), Underlay: overlaytest.Underlay(i), MAC: overlay.VxlanMAC(fmt.Sprint(i), overlaytest.Apps.VNI)})
		}
		s, err := overlay.Want(overlaytest.Apps, overlay.Host{Machine: h.ID(), Subnet: overlaytest.Apps.Subnet(1), Underlay: overlaytest.Underlay(1), Interface: "eth0", MTU: 1500}, all)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	step := func(want overlay.State, most int) (done []overlay.Op, all int) {
		t.Helper()
		overlaytest.WithKernel(t, h.Namespace, func(k *kernel.Kernel) { // another process
			have, err := k.Read(overlaytest.Apps, overlaytest.Apps.Subnet(1))
			if err != nil {
				t.Error(err)
				return
			}
			ops := overlay.Plan(have, want)
			all = len(ops)
			done = ops[:min(most, len(ops))]
			if err := k.Apply(done); err != nil {
				t.Errorf("Apply: %v", err)
			}
		})
		return done, all
	}
	before, after, nothing := some(2, 3, 4), some(3, 4, 5), overlay.WantNothing(overlaytest.Apps)
	for _, change := range [][2]overlay.State{{nothing, before}, {before, after}, {after, nothing}} {
		for cut := 0; ; cut++ {
			step(change[0], 1000)
			done, all := step(change[1], cut)
			step(after, 1000)
			if left, n := step(after, 0); n > 0 {
				t.Fatalf("killed after\n%sit leaves\n%s", overlaytest.Lines(done), overlaytest.Lines(left))
			}
			if cut >= all || t.Failed() {
				break
			}
		}
	}
	if out := h.Sh("ip neigh show dev vx7 nud permanent; bridge fdb show dev vx7 | grep 192; ip route show proto 82"); strings.Contains(out, "10.42.2.") || strings.Count(out, "\n") != 10 {
		t.Errorf("in the end there is\n%s", out)
	}
}

// Docker does not put its containers back at a bridge that is made anew, and
// the agent that saw them at the old one may be gone.
func TestPeers_are_put_right_though_the_firewall_cannot_be_asked(t *testing.T) {
	c := overlaytest.NewCluster(t, 3, false, overlaytest.Apps)
	h := c.Hosts[0]
	// Before the real one: it says what iptables does while another program
	// has its lock.
	broken := t.TempDir()
	script := "#!/bin/sh\necho Another app is currently holding the xtables lock. >&2\nexit 4\n"
	if err := os.WriteFile(filepath.Join(broken, "iptables"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", broken+":"+os.Getenv("PATH"))
	h.Sh("ip route del 10.42.3.0/24 dev vx7")
	var ops []overlay.Op
	var err error
	h.Do(func() { ops, err = h.Keepers["apps"].Audit(overlaytest.Apps.Subnet(1), h.Want(overlaytest.Apps)) })
	if len(ops) != 1 || !strings.HasPrefix(ops[0].String(), "ip route replace 10.42.3.0/24") {
		t.Errorf("done was %v, want the route", ops)
	}
	var unread *kernel.FilterError
	if !errors.As(err, &unread) || !strings.Contains(err.Error(), "xtables lock") {
		t.Errorf("Audit = %v, want what iptables says", err)
	}
}

func TestKeeper_gives_a_new_bridge_the_ports_that_another_remembered(t *testing.T) {
	c := overlaytest.NewCluster(t, 2, false, overlaytest.Apps)
	h := c.Hosts[0]
	from, to := h.Container(overlaytest.Apps, 10), c.Hosts[1].Container(overlaytest.Apps, 10)
	foreign := netnstest.New(t, "foreign")
	h.Cable("veth-other", foreign, "eth0", 1500)
	h.Sh("ip link add by-hand type vxlan id 98 local 192.0.2.1 dstport 4791; ip link set by-hand master ovl7")
	h.Audit()
	h.Sh("ip link set by-hand nomaster")
	ports := h.Keepers["apps"].Ports()
	if len(ports) != 1 || ports[0] != "veth7-10" {
		t.Fatalf("ports are %q", ports)
	}
	h.Sh("ip link del ovl7")
	h.Keepers["apps"] = kernel.NewKeeper(h.Kernel, overlaytest.Apps, append(ports, "by-hand", "veth-that-left"))
	h.Audit()
	overlaytest.Reaches(t, from.Namespace, to.Namespace, to.Address, from.Address)
	for _, dev := range []string{"veth-other", "by-hand"} {
		if overlaytest.HasLine(h.Sh("ip link show "+dev), "master") {
			t.Errorf("%s, which is no container's, is at the bridge", dev)
		}
	}
	if ports := h.Keepers["apps"].Ports(); len(ports) != 1 || ports[0] != "veth7-10" {
		t.Errorf("ports are %q, want those at the bridge", ports)
	}
}

func TestRead_refuses_a_device_that_is_not_ours(t *testing.T) {
	n := netnstest.New(t, "host")
	n.Sh("ip link add ovl7 type veth peer name other")
	overlaytest.WithKernel(t, n, func(k *kernel.Kernel) {
		const want = "read network apps from the kernel: device ovl7 is there already, and is no bridge but veth: another program made it"
		if _, err := k.Read(overlaytest.Apps, overlaytest.Apps.Subnet(1)); err == nil || err.Error() != want {
			t.Errorf("Read = %v, want %s", err, want)
		}
	})
}

// What is not there for want of a device is not told of each by itself.
func TestApply_tells_why_a_device_could_not_be_made_and_no_more(t *testing.T) {
	host, swarm := netnstest.New(t, "host"), netnstest.New(t, "swarm")
	host.Sh("ip addr add 192.0.2.1/24 dev lo; ip link add vxlan0 type vxlan id 7 dstport 4789; ip link set vxlan0 netns " + strings.Split(swarm.Path(), "/")[4])
	wanted, err := overlay.Want(overlaytest.Apps, overlay.Host{Machine: "machine-1", Subnet: overlaytest.Apps.Subnet(1), Underlay: overlaytest.Underlay(1), MTU: 1500}, []overlay.Peer{overlaytest.Peer(2)})
	if err != nil {
		t.Fatal(err)
	}
	wanted.Filter = overlay.Filter{}
	apply := func(want string) {
		t.Helper()
		overlaytest.WithKernel(t, host, func(k *kernel.Kernel) {
			err := k.Apply(overlay.Plan(overlay.WantNothing(overlaytest.Apps), wanted))
			if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "ip link add vx7 ") || !strings.Contains(err.Error(), want) {
				t.Errorf("Apply = %v, want the device that could not be made alone, and %q", err, want)
			}
		})
	}
	apply("a device of another network namespace may have vni 7")
	host = netnstest.New(t, "renamed")
	host.Sh("ip addr add 192.0.2.1/24 dev lo; ip link add old type vxlan id 7 dstport 4789")
	apply("device old has vni 7; see whose it is (ip -d link show old)")
}

func TestForeign_is_a_device_that_no_agent_of_this_machine_made(t *testing.T) {
	ns := netnstest.New(t, "host")
	read := func() (s overlay.State) {
		overlaytest.WithKernel(t, ns, func(k *kernel.Kernel) {
			var err error
			if s, err = k.Read(overlaytest.Apps, netip.Prefix{}); err != nil {
				t.Error(err)
			}
		})
		return s
	}
	if err := overlay.CheckForeignDevices(read(), overlaytest.Apps, "machine-1"); err != nil {
		t.Errorf("with no device: %v", err)
	}
	ns.Sh("ip link add ovl7 type bridge")
	const want = "device ovl7 is there already, and is not of network apps: choose another vni, or see whose it is (ip -d link show ovl7) and remove it"
	if err := overlay.CheckForeignDevices(read(), overlaytest.Apps, "machine-1"); err == nil || err.Error() != want {
		t.Errorf("with another's bridge: %v, want %s", err, want)
	}
	ns.Sh(fmt.Sprintf("ip link set ovl7 address %s; ip link add vx7 address %s type vxlan id 7 dstport 4789", overlay.BridgeMAC("machine-1", 7), overlay.VxlanMAC("machine-1", 7)))
	if err := overlay.CheckForeignDevices(read(), overlaytest.Apps, "machine-1"); err != nil {
		t.Errorf("with our own devices: %v", err)
	}
}

func TestLeaving_takes_all_of_ours_away(t *testing.T) {
	c := overlaytest.NewCluster(t, 2, false, overlaytest.Apps, data)
	h := c.Hosts[0]
	look := "ip -br link; ip route; ip neigh show nud permanent; nft list tables 2>/dev/null || true"
	have := h.Want(overlaytest.Apps)
	have.Filter.Rules = nil
	var err error
	h.Do(func() { err = h.Kernel.Apply(overlay.Plan(have, overlay.WantNothing(overlaytest.Apps))) })
	if err != nil {
		t.Fatal(err)
	}
	out := h.Sh(look)
	for _, ours := range []string{"ovl7", "vx7", "10.42."} {
		if strings.Contains(out, ours) {
			t.Errorf("%s is still there:\n%s", ours, out)
		}
	}
	if !overlaytest.HasLine(out, "vx8") || len(h.Plan(data)) > 0 {
		t.Errorf("the other network is touched:\n%s", out)
	}
}

// The operations print as commands that do the same: run by hand on a bare
// host, they leave nothing to do but the tables, whose rules nft does not tag.
func TestOps_are_commands_that_work(t *testing.T) {
	overlaytest.NeedTool(t, "nft")
	c := overlaytest.NewCluster(t, 2, false)
	h := c.Hosts[0]
	bare, err := overlay.State{}, error(nil)
	h.Do(func() { bare, err = h.Kernel.Read(overlaytest.Apps, overlaytest.Apps.Subnet(1)) })
	if err != nil {
		t.Fatal(err)
	}
	narrow := h.Want(overlaytest.Apps)
	for key, r := range narrow.Routes {
		r.MTU = 1350
		narrow.Routes[key] = r
	}
	script := overlaytest.Lines(overlay.Plan(bare, narrow))
	// For the shell, what nft's own reader takes as it is.
	var quoted strings.Builder
	for line := range strings.Lines(script) {
		if rest, ok := strings.CutPrefix(line, "nft "); ok {
			line = "nft '" + strings.TrimSpace(rest) + "'\n"
		}
		quoted.WriteString(line)
	}
	h.Sh(quoted.String())
	tables := func() string { return h.Sh("nft list table ip rundock_ovl7; nft list table inet rundock_ovl7") }
	byHand := tables()
	var have overlay.State
	h.Do(func() { have, err = h.Kernel.Read(overlaytest.Apps, overlaytest.Apps.Subnet(1)) })
	if err != nil {
		t.Fatal(err)
	}
	left := overlay.Plan(have, narrow)
	if len(left) != 2 || !strings.HasPrefix(left[0].String(), "nft delete table inet") || !strings.HasPrefix(left[1].String(), "nft delete table ip ") {
		t.Errorf("after\n%sthere is left to do\n%s", script, overlaytest.Lines(left))
	}
	h.Do(func() { err = h.Kernel.Apply(left) })
	if err != nil {
		t.Fatal(err)
	}
	if ours := tables(); ours != byHand {
		t.Errorf("nft prints our tables as\n%sand those by hand as\n%s", ours, byHand)
	}
	if !overlaytest.HasLine(h.Sh("ip route show 10.42.2.0/24"), "mtu lock 1350", "proto 82", "metric 3", "onlink") {
		t.Errorf("the route is %s", h.Sh("ip route show 10.42.2.0/24"))
	}
}

func TestApply_tells_which_operations_failed_and_does_the_others(t *testing.T) {
	c := overlaytest.NewCluster(t, 2, false, overlaytest.Apps)
	h := c.Hosts[0]
	good := overlay.PutNeighbour{Dev: "vx7", IP: netip.MustParseAddr("10.42.50.0"), MAC: overlay.MAC{2, 5}}
	bad := overlay.PutRoute{Dev: "vx7", Key: overlay.RouteKey{Subnet: netip.MustParsePrefix("10.42.50.0/24"), Metric: 51}, Route: overlay.Route{Via: netip.MustParseAddr("127.0.0.1")}}
	absent := overlay.PutNeighbour{Dev: "nosuch", IP: netip.MustParseAddr("10.42.50.0"), MAC: overlay.MAC{2, 5}}
	gone := overlay.DeleteNeighbour{Dev: "vx7", IP: netip.MustParseAddr("10.42.60.0")}
	var err error
	h.Do(func() { err = h.Kernel.Apply([]overlay.Op{bad, absent, gone, good}) })
	if err == nil || !strings.Contains(err.Error(), bad.String()+": ") || !strings.Contains(err.Error(), absent.String()+": ") || strings.Contains(err.Error(), gone.String()) {
		t.Errorf("Apply = %v, want the failures of the first two", err)
	}
	if !overlaytest.HasLine(h.Sh("ip neigh show dev vx7"), "10.42.50.0", "PERMANENT") {
		t.Error("the operation after those that failed is not done")
	}
}

func TestThousands_of_peers_are_programmed_and_taken_away(t *testing.T) {
	n := overlay.Network{Name: "many", CIDR: netip.MustParsePrefix("10.0.0.0/10"), SubnetLength: 24, VNI: 9}
	ns := netnstest.New(t, "host")
	h := overlay.Host{Machine: "m", Subnet: n.Subnet(16000), Underlay: netip.MustParseAddr("127.0.0.1"), MTU: 1500}
	var peers []overlay.Peer
	for i := range 10_000 {
		peers = append(peers, overlay.Peer{Subnet: n.Subnet(i), Underlay: netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}), MAC: overlay.VxlanMAC(fmt.Sprint(i), n.VNI)})
	}
	overlaytest.WithKernel(t, ns, func(k *kernel.Kernel) {
		for _, count := range []int{10_000, 9_000, 10_000, 0} {
			want, err := overlay.Want(n, h, peers[:count])
			if err != nil {
				t.Error(err)
				return
			}
			have, err := k.Read(n, h.Subnet)
			if err == nil {
				err = k.Apply(overlay.Plan(have, want))
			}
			if err != nil {
				t.Errorf("%d peers: %v", count, err)
				return
			}
			have, err = k.Read(n, h.Subnet)
			if left := overlay.Plan(have, want); err != nil || len(left) > 0 {
				t.Errorf("%d peers: %v, and %d operations left, from %s", count, err, len(left), left[0])
			}
		}
	})
}

// A packet of the network's MTU, not to be fragmented, arrives whole, and a
// larger one is refused where it is sent.
func TestMTU_is_what_fits(t *testing.T) {
	for _, six := range []bool{false, true} {
		c := overlaytest.NewCluster(t, 2, six, overlaytest.Apps)
		from, to := c.Hosts[0].Container(overlaytest.Apps, 10), c.Hosts[1].Container(overlaytest.Apps, 10)
		fits := 1500 - overlay.Overhead(c.Underlay(1)) - 28
		if err := overlaytest.Datagram(from.Namespace, to.Namespace, to.Address, fits); err != nil {
			t.Errorf("underlay of IPv6 %v: %d bytes do not arrive: %v", six, fits, err)
		}
		if err := overlaytest.Datagram(from.Namespace, to.Namespace, to.Address, fits+1); !errors.Is(err, unix.EMSGSIZE) {
			t.Errorf("underlay of IPv6 %v: sending %d bytes = %v, want %v", six, fits+1, err, unix.EMSGSIZE)
		}
	}
}

// Docker refuses what its own chains do not let pass; ours asks in its chain
// for users. What iptables does in this namespace is what dockerd 20.10 does.
func TestDocker_lets_containers_of_other_hosts_in(t *testing.T) {
	overlaytest.NeedTool(t, "iptables")
	c := overlaytest.NewCluster(t, 2, false, overlaytest.Apps)
	from, to := c.Hosts[0].Container(overlaytest.Apps, 10), c.Hosts[1].Container(overlaytest.Apps, 10)
	for _, h := range c.Hosts {
		if out, err := h.Try(`iptables -w 5 -N DOCKER-USER; iptables -w 5 -A DOCKER-USER -j RETURN; iptables -w 5 -P FORWARD DROP
			iptables -w 5 -A FORWARD -j DOCKER-USER
			iptables -w 5 -A FORWARD -o ovl7 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
			iptables -w 5 -A FORWARD -i ovl7 ! -o ovl7 -j ACCEPT`); err != nil {
			t.Skipf("iptables does not work in this namespace: %s", out)
		}
	}
	overlaytest.Apart(t, from.Namespace, to.Namespace, to.Address)
	for _, h := range c.Hosts {
		h.Audit()
	}
	overlaytest.Reaches(t, from.Namespace, to.Namespace, to.Address, from.Address)
	c.Hosts[1].Sh("iptables -w 5 -F DOCKER-USER; iptables -w 5 -A DOCKER-USER -j RETURN; iptables -w 5 -A DOCKER-USER -i vx7 -o ovl7 -j ACCEPT")
	c.Hosts[1].Audit()
	overlaytest.Reaches(t, from.Namespace, to.Namespace, to.Address, from.Address)
	h := c.Hosts[1]
	have := h.Want(overlaytest.Apps)
	var err error
	h.Do(func() { err = h.Kernel.Apply(overlay.Plan(have, overlay.WantNothing(overlaytest.Apps))) })
	if err != nil {
		t.Error(err)
	}
}

// Without an answer of ours, packets to a host that is not there would leave
// by the default route, in the clear.
func TestAll_are_told_that_a_host_is_not_there(t *testing.T) {
	c := overlaytest.NewCluster(t, 2, false, overlaytest.Apps)
	h := c.Hosts[0]
	h.Sh("ip route add default via 192.0.2.2")
	from := h.Container(overlaytest.Apps, 10)
	from.Do(func() {
		_, err := net.DialTimeout("tcp", "10.42.99.5:80", overlaytest.Patience)
		if !errors.Is(err, unix.EHOSTUNREACH) {
			t.Errorf("connecting = %v, want %v", err, unix.EHOSTUNREACH)
		}
	})
	plain := netnstest.New(t, "container of docker0")
	h.Sh("ip link add docker0 type bridge; ip addr add 172.17.0.1/16 dev docker0; ip link set docker0 up")
	h.Cable("veth0", plain, "eth0", 1500)
	h.Sh("ip link set veth0 master docker0 up")
	plain.Sh("ip addr add 172.17.0.2/16 dev eth0; ip link set eth0 up; ip route add default via 172.17.0.1")
	for _, from := range []*netnstest.Namespace{h.Namespace, plain} {
		from.Do(func() {
			if _, err := net.DialTimeout("tcp", "10.42.99.5:80", overlaytest.Patience); !errors.Is(err, unix.EHOSTUNREACH) {
				t.Errorf("connecting from %s = %v, want %v", from.Name, err, unix.EHOSTUNREACH)
			}
		})
	}
	other := netnstest.New(t, "gateway")
	c.Switch.Cable("port9", other, "eth0", 1500)
	c.Switch.Sh("ip link set port9 master sw up")
	other.Sh("ip addr add 192.0.2.9/24 dev eth0; ip link set eth0 up")
	h.Sh("ip route replace default via 192.0.2.9")
	overlaytest.Reaches(t, from.Namespace, other, netip.MustParseAddr("192.0.2.9"), overlaytest.Underlay(1))
}
