package sitefilter

import (
	"fmt"
	"net"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/netnstest"
)

// world is a host with a container behind docker0, another host of the site, a machine
// beside them, and one that reaches the host by its public interface.
type world struct{ front, container, back, beside, outside *netnstest.Namespace }

func newWorld(t *testing.T) world {
	w := world{netnstest.New(t, "front"), netnstest.New(t, "container"), netnstest.New(t, "back"), netnstest.New(t, "beside"), netnstest.New(t, "outside")}
	lan := netnstest.New(t, "switch")
	lan.Sh("ip link add sw type bridge; ip link set sw up")
	attach := func(n *netnstest.Namespace, dev, address, six string) {
		port := "p" + n.Name
		lan.Cable(port, n, dev, 1500)
		lan.Sh("ip link set " + port + " master sw up")
		n.Sh("ip link set " + dev + " up; ip addr add " + address + " dev " + dev + "; ip addr add " + six + " nodad dev " + dev)
	}
	attach(w.front, "eth1", "10.0.0.11/24", "fd00::11/64")
	attach(w.back, "eth0", "10.0.0.21/24", "fd00::21/64")
	attach(w.beside, "eth0", "10.0.0.99/24", "fd00::99/64")
	w.front.Cable("eth0", w.outside, "eth0", 1500)
	w.front.Sh("ip link set eth0 up; ip addr add 192.0.2.11/24 dev eth0; sysctl -qw net.ipv4.ip_forward=1; ip link add docker0 type bridge; ip link set docker0 up; ip addr add 172.17.0.1/16 dev docker0; nft 'add table ip outward; add chain ip outward out { type nat hook postrouting priority 100; }; add rule ip outward out ip saddr 172.17.0.0/16 masquerade'")
	w.outside.Sh("ip link set eth0 up; ip addr add 192.0.2.99/24 dev eth0; ip route add 10.0.0.0/24 via 192.0.2.11")
	w.front.Cable("veth0", w.container, "eth0", 1500)
	w.front.Sh("ip link set veth0 master docker0 up")
	w.container.Sh("ip link set eth0 up; ip addr add 172.17.0.2/16 dev eth0; ip route add default via 172.17.0.1")
	// Of IPv6 containers have addresses that are routed to them, as Docker gives them.
	w.front.Sh("sysctl -qw net.ipv6.conf.all.forwarding=1; ip addr add fd00:17::1/64 nodad dev docker0; ip addr add 2001:db8::11/64 nodad dev eth0")
	w.container.Sh("ip addr add fd00:17::2/64 nodad dev eth0; ip route add default via fd00:17::1")
	w.back.Sh("ip route add fd00:17::/64 via fd00::11")
	w.outside.Sh("ip addr add 2001:db8::99/64 nodad dev eth0; ip route add fd00::/64 via 2001:db8::11")
	return w
}

// confined is foreign code of front: behind a bridge of its own, and with a port that is published for a container.
func (w world) confined(t *testing.T) *netnstest.Namespace {
	n := netnstest.New(t, "confined")
	w.front.Sh("ip link add ovl7 type bridge; ip link set ovl7 up; ip addr add 172.18.0.1/16 dev ovl7; ip addr add fd00:18::1/64 nodad dev ovl7; nft add rule ip outward out ip saddr 172.18.0.0/16 masquerade")
	w.front.Cable("veth1", n, "eth0", 1500)
	w.front.Sh("ip link set veth1 master ovl7 up")
	n.Sh("ip link set eth0 up; ip addr add 172.18.0.2/16 dev eth0; ip route add default via 172.18.0.1; ip addr add fd00:18::2/64 nodad dev eth0; ip route add default via fd00:18::1")
	w.back.Sh("ip route add fd00:18::/64 via fd00::11")
	w.front.Sh("nft 'add chain ip outward in { type nat hook prerouting priority -100; }; add rule ip outward in ip daddr 10.0.0.11 tcp dport 21500 dnat to 172.18.0.2:8080'")
	return n
}

// listen has a namespace accept TCP at ports, of all its addresses.
func listen(t *testing.T, ns *netnstest.Namespace, ports ...int) {
	t.Helper()
	for _, port := range ports {
		var l net.Listener
		var err error
		ns.Do(func() { l, err = net.Listen("tcp", fmt.Sprintf(":%d", port)) })
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				c.Close()
			}
		}()
	}
}

func reaches(from *netnstest.Namespace, to string) error {
	var err error
	from.Do(func() {
		var c net.Conn
		if c, err = net.DialTimeout("tcp", to, 2*time.Second); err == nil {
			c.Close()
		}
	})
	return err
}

func TestRules_in_a_kernel(t *testing.T) {
	w := newWorld(t)
	listen(t, w.front, 22, 53, 2379, 7777, 8086)
	listen(t, w.back, 22, 53, 8086, 7777, 21000)
	listen(t, w.front, 21000)
	listen(t, w.beside, 7777)
	listen(t, w.container, 9000)
	foreign := w.confined(t)
	listen(t, foreign, 8080)
	ways := []struct {
		name string
		from *netnstest.Namespace
		to   string
		open bool
	}{
		{"a container, DNS of its host", w.container, "172.17.0.1:53", true},
		{"a container, DNS of its host's private address", w.container, "10.0.0.11:53", true},
		{"a container, a published port of its host", w.container, "10.0.0.11:8086", true},
		{"a container, etcd of its host", w.container, "10.0.0.11:2379", false},
		{"a container, etcd by the bridge", w.container, "172.17.0.1:2379", false},
		{"a container, etcd by the public address", w.container, "192.0.2.11:2379", false},
		{"a container, ssh of its host", w.container, "10.0.0.11:22", false},
		{"a container, whatever else its host has", w.container, "10.0.0.11:7777", false},
		{"a container, ssh of another host", w.container, "10.0.0.21:22", false},
		{"a container, DNS of another host", w.container, "10.0.0.21:53", true},
		{"a container, a service of another host", w.container, "10.0.0.21:8086", true},
		{"another host, etcd", w.back, "10.0.0.11:2379", true},
		{"another host, ssh", w.back, "10.0.0.11:22", true},
		{"a machine beside, etcd", w.beside, "10.0.0.11:2379", false},
		{"a machine beside, DNS", w.beside, "10.0.0.11:53", true},
		{"a machine beside, ssh, which is for others to refuse", w.beside, "10.0.0.11:22", true},
		{"a machine beside, a service", w.beside, "10.0.0.11:8086", true},
		{"a machine outside, etcd by the private address", w.outside, "10.0.0.11:2379", false},
		{"a machine outside, etcd by the public address", w.outside, "192.0.2.11:2379", false},
		{"a machine outside, DNS by the private address", w.outside, "10.0.0.11:53", false},
		{"a machine outside, DNS by the public address", w.outside, "192.0.2.11:53", true},
		{"a machine outside, a service", w.outside, "192.0.2.11:8086", true},
		{"a container, by IPv6, DNS of its host", w.container, "[fd00:17::1]:53", true},
		{"a container, by IPv6, etcd of its host", w.container, "[fd00::11]:2379", false},
		{"a container, by IPv6, ssh of another host", w.container, "[fd00::21]:22", false},
		{"a container, by IPv6, a service of another host", w.container, "[fd00::21]:8086", true},
		{"another host, by IPv6, etcd", w.back, "[fd00::11]:2379", true},
		{"a machine beside, by IPv6, etcd", w.beside, "[fd00::11]:2379", false},
		{"a machine beside, by IPv6, a service", w.beside, "[fd00::11]:8086", true},
		{"a machine outside, by IPv6, etcd by the private address", w.outside, "[fd00::11]:2379", false},
		{"a machine outside, by IPv6, etcd by the public address", w.outside, "[2001:db8::11]:2379", false},
		{"a machine outside, by IPv6, DNS by the private address", w.outside, "[fd00::11]:53", false},
		{"a machine outside, by IPv6, DNS by the public address", w.outside, "[2001:db8::11]:53", true},
		{"the host itself, etcd", w.front, "10.0.0.11:2379", true},
		{"who takes requests, a preview", w.back, "10.0.0.11:21000", true},
		{"who takes requests, a preview that Docker publishes", w.back, "10.0.0.11:21500", true},
		{"another host, a preview", w.front, "10.0.0.21:21000", false},
		{"a machine beside, a preview", w.beside, "10.0.0.11:21000", false},
		{"a machine beside, a preview that Docker publishes", w.beside, "10.0.0.11:21500", false},
		{"a machine outside, a preview that Docker publishes", w.outside, "10.0.0.11:21500", false},
		{"a container, a preview of its host", w.container, "10.0.0.11:21000", false},
		{"a container, a preview that Docker publishes", w.container, "10.0.0.11:21500", false},
		{"a container, a preview of another host", w.container, "10.0.0.21:21000", false},
		{"the host itself, a preview", w.front, "10.0.0.11:21000", true},
		{"foreign code, DNS of its host", foreign, "172.18.0.1:53", true},
		{"foreign code, DNS of its host's private address", foreign, "10.0.0.11:53", true},
		{"foreign code, DNS of another host", foreign, "10.0.0.21:53", true},
		{"foreign code, what is outside", foreign, "10.0.0.99:7777", true},
		{"foreign code, a service of its host", foreign, "10.0.0.11:8086", false},
		{"foreign code, whatever else its host has", foreign, "172.18.0.1:7777", false},
		{"foreign code, etcd", foreign, "10.0.0.11:2379", false},
		{"foreign code, a service of another host", foreign, "10.0.0.21:8086", false},
		{"foreign code, whatever else another host has", foreign, "10.0.0.21:7777", false},
		{"foreign code, a preview of another host", foreign, "10.0.0.21:21000", false},
		{"foreign code, a preview of its host", foreign, "10.0.0.11:21000", false},
		{"foreign code, a container of another network", foreign, "172.17.0.2:9000", false},
		{"foreign code, by IPv6, DNS of another host", foreign, "[fd00::21]:53", true},
		{"foreign code, by IPv6, a service of another host", foreign, "[fd00::21]:8086", false},
		{"foreign code, by IPv6, a service of its host", foreign, "[fd00::11]:8086", false},
		{"foreign code, by IPv6, a container of another network", foreign, "[fd00:17::2]:9000", false},
	}
	for _, way := range ways {
		await.Nil(t, "without rules, "+way.name, func() error { return reaches(way.from, way.to) })
	}
	table, hosts := Rules(withPreviews(withIPv6(site("front-1"))), Surroundings{Devices: []string{"docker0", "ovl7"}, Confined: []string{"ovl7"}, Ports: []Port{{Number: 8086, Proto: "tcp"}, {Number: 21000, Proto: "tcp"}}})
	w.front.Do(func() { put(t, table, hosts) })
	table, hosts = Rules(withPreviews(withIPv6(site("back-1"))), Surroundings{})
	w.back.Do(func() { put(t, table, hosts) })
	// Whom neighbours know is forgotten in a while: they have to be asked again.
	for _, ns := range []*netnstest.Namespace{w.front, w.container, w.back, foreign} {
		ns.Sh("ip -6 neigh flush all")
	}
	for _, way := range ways {
		if way.open {
			await.Nil(t, way.name, func() error { return reaches(way.from, way.to) })
		} else if reaches(way.from, way.to) == nil {
			t.Errorf("%s: it is let in", way.name)
		}
	}

	// A container that takes the address of a host is known by its device. That nothing
	// else holds it up is seen without the rules.
	w.container.Sh("ip addr add 10.0.0.21/32 dev lo; ip route replace 10.0.0.11/32 via 172.17.0.1 src 10.0.0.21")
	w.front.Sh("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.docker0.rp_filter=0; ip route add 10.0.0.21/32 via 172.17.0.2")
	if err := reaches(w.container, "10.0.0.11:2379"); err == nil {
		t.Error("a container with the address of a host is let in to etcd")
	}
	w.front.Sh("nft delete table inet " + TableName)
	await.Nil(t, "a container with the address of a host, without rules", func() error { return reaches(w.container, "10.0.0.11:2379") })
}
