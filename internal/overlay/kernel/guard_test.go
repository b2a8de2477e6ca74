package kernel_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"rundock/internal/netnstest"
	"rundock/internal/overlay"
	"rundock/internal/overlay/overlaytest"
)

// forged is what the vx device of a host takes for a packet of a container of
// network n on host 9, which is for port 9 of a container there.
func forged(n overlay.Network, host *overlaytest.Host, to netip.Addr) []byte {
	data := []byte("forged")
	udp := binary.BigEndian.AppendUint16(nil, 1234)
	udp = binary.BigEndian.AppendUint16(udp, 9)
	udp = binary.BigEndian.AppendUint16(udp, uint16(8+len(data)))
	udp = append(append(udp, 0, 0), data...) // without a checksum
	ip := []byte{0x45, 0, 0, byte(20 + len(udp)), 0, 0, 0, 0, 64, 17, 0, 0}
	ip = append(append(ip, n.Subnet(9).Addr().Next().AsSlice()...), to.AsSlice()...)
	sum := uint32(0)
	for i := 0; i < len(ip); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(ip[i:]))
	}
	binary.BigEndian.PutUint16(ip[10:], ^uint16(sum+sum>>16))
	packet := []byte{8, 0, 0, 0, byte(n.VNI >> 16), byte(n.VNI >> 8), byte(n.VNI), 0}
	mac := overlay.VxlanMAC(host.ID(), n.VNI)
	packet = append(append(packet, mac[:]...), 2, 0, 0, 0, 0, 9, 8, 0)
	return append(append(packet, ip...), udp...)
}

// target waits for what is forged for it.
type target struct {
	*overlaytest.Container
	host     *overlaytest.Host
	network  overlay.Network
	received chan string
}

func targetOn(t *testing.T, h *overlaytest.Host, n overlay.Network) *target {
	t.Helper()
	c := h.Container(n, 10)
	w := &target{c, h, n, make(chan string, 100)}
	var l net.PacketConn
	var err error
	c.Do(func() { l, err = net.ListenPacket("udp", ":9") })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for b := make([]byte, 100); ; {
			k, _, err := l.ReadFrom(b)
			if err != nil {
				return
			}
			w.received <- string(b[:k])
		}
	}()
	return w
}

// forge sends a forged packet from a namespace to port 4789 of an address, and
// reports whether the target gets it.
func (w *target) forge(t *testing.T, from *netnstest.Namespace, to netip.Addr, limit time.Duration) bool {
	t.Helper()
	var conn net.Conn
	var err error
	from.Do(func() { conn, err = net.Dial("udp", netip.AddrPortFrom(to, overlay.DefaultPort).String()) })
	if err != nil {
		t.Fatalf("%s to %s: %v", from.Name, to, err)
	}
	defer conn.Close()
	for over := time.After(limit); ; {
		conn.Write(forged(w.network, w.host, w.Address)) // one that is refused tells of itself with the next
		select {
		case <-w.received:
			return true
		case <-over:
			return false
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// A container, or a machine that is no host of the network, that speaks VXLAN
// to a host is not heard in any network.
func TestVXLAN_is_taken_from_hosts_of_the_network_alone(t *testing.T) {
	for _, six := range []bool{false, true} {
		t.Run(fmt.Sprintf("underlay of IPv6 %v", six), func(t *testing.T) {
			c := overlaytest.NewCluster(t, 2, six, overlaytest.Apps, data)
			one, two := c.Hosts[0], c.Hosts[1]
			near, far := targetOn(t, one, data), targetOn(t, two, data)
			inside, plain := one.Container(overlaytest.Apps, 10).Namespace, netnstest.New(t, "container of docker0")
			one.Sh("ip link add docker0 type bridge; ip addr add 172.17.0.1/16 dev docker0; ip addr add 2001:db8:17::1/64 dev docker0 nodad; ip link set docker0 up; sysctl -qw net.ipv6.conf.all.forwarding=1")
			one.Cable("veth0", plain, "eth0", 1500)
			one.Sh("ip link set veth0 master docker0 up; ip addr add 2001:db8:42::1/64 dev ovl7 nodad; nft add table inet outward; nft add chain inet outward out '{ type nat hook postrouting priority 100; }'; nft add rule inet outward out oifname eth0 masquerade")
			plain.Sh("ip link set eth0 up; ip addr add 172.17.0.2/16 dev eth0; ip addr add 2001:db8:17::2/64 dev eth0 nodad; ip route add default via 172.17.0.1; ip route add default via 2001:db8:17::1")
			inside.Sh("ip addr add 2001:db8:42::2/64 dev eth0 nodad; ip route add default via 2001:db8:42::1")
			outside := netnstest.New(t, "machine that is no host")
			c.Switch.Cable("port9", outside, "eth0", 1500)
			c.Switch.Sh("ip link set port9 master sw up")
			outside.Sh(fmt.Sprintf("ip link set eth0 up; ip addr add %s/64 dev eth0 nodad 2>/dev/null || ip addr add %s/24 dev eth0", c.Underlay(9), c.Underlay(9)))

			type way struct {
				name   string
				from   *netnstest.Namespace
				to     netip.Addr
				target *target
			}
			ways := []way{
				{"a container of another network, to its own host", inside, c.Underlay(1), near},
				{"a container of another network, to another host", inside, c.Underlay(2), far},
				{"a container of docker0, to its own host", plain, c.Underlay(1), near},
				{"a container of docker0, to another host", plain, c.Underlay(2), far},
				{"a machine that is no host", outside, c.Underlay(2), far},
				{"the host itself", one.Namespace, c.Underlay(1), near},
			}
			if !six {
				ways = append(ways,
					way{"a container of another network, to its gateway", inside, overlay.Gateway(overlaytest.Apps.Subnet(1)), near},
					way{"a container of another network, to another host's address in it", inside, overlay.Gateway(overlaytest.Apps.Subnet(2)), far},
					way{"a container of docker0, to its gateway", plain, netip.MustParseAddr("172.17.0.1"), near})
			}
			for _, way := range ways {
				if way.target.forge(t, way.from, way.to, overlaytest.Restraint) {
					t.Errorf("%s is heard in the network", way.name)
				}
			}
			// As another host, which its host may be asked to do for it.
			spoof := inside
			if six {
				spoof = plain
			}
			spoof.Sh(fmt.Sprintf("ip addr add %s dev lo nodad 2>/dev/null || ip addr add %[1]s dev lo; ip route add %s via %s src %[1]s", c.Underlay(2), c.Underlay(1), map[bool]string{false: "10.42.1.1", true: "2001:db8:17::1"}[six]))
			if near.forge(t, spoof, c.Underlay(1), overlaytest.Restraint) {
				t.Error("a container with another host's address is heard in the network")
			}
			spoof.Sh(fmt.Sprintf("ip route del %s; ip addr del %s dev lo", c.Underlay(1), c.Underlay(2)))
			for _, h := range c.Hosts {
				if left := h.Plan(overlaytest.Apps); len(left) > 0 {
					t.Errorf("%s: there is left to do\n%s", h.Name, overlaytest.Lines(left))
				}
			}
			// Nothing else holds them up.
			for _, h := range c.Hosts {
				h.Sh("nft delete table inet rundock_ovl7 || true; nft delete table inet rundock_ovl8 || true")
			}
			for _, way := range ways {
				if !strings.Contains(way.name, "another host's address in it") && !way.target.forge(t, way.from, way.to, overlaytest.Patience/20) {
					t.Errorf("without our rules %s is not heard either", way.name)
				}
			}
			for _, h := range c.Hosts {
				if len(h.Plan(overlaytest.Apps)) == 0 {
					t.Error("the audit sees nothing")
				}
				h.Audit()
			}
			if near.forge(t, plain, c.Underlay(1), overlaytest.Restraint) {
				t.Error("after an audit a container of docker0 is heard in the network")
			}
		})
	}
}

// Containers may speak VXLAN to each other.
func TestVXLAN_between_containers_passes(t *testing.T) {
	c := overlaytest.NewCluster(t, 2, false, overlaytest.Apps)
	from, to := c.Hosts[0].Container(overlaytest.Apps, 10), c.Hosts[1].Container(overlaytest.Apps, 10)
	var l net.PacketConn
	var err error
	to.Do(func() { l, err = net.ListenPacket("udp", fmt.Sprintf("%s:%d", to.Address, overlay.DefaultPort)) })
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	from.Do(func() {
		var conn net.Conn
		if conn, err = net.Dial("udp", l.LocalAddr().String()); err == nil {
			_, err = conn.Write([]byte("hello"))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	l.SetReadDeadline(time.Now().Add(overlaytest.Patience))
	if _, _, err := l.ReadFrom(make([]byte, 10)); err != nil {
		t.Errorf("a container is not heard by another: %v", err)
	}
}
