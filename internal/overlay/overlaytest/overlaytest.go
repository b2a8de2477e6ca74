// Package overlaytest makes hosts of overlay networks, in network namespaces of
// one machine, for tests. Only tests import it.
package overlaytest

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rundock/internal/await"
	"rundock/internal/netnstest"
	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
)

// Apps is a network that hosts are in.
var Apps = overlay.Network{Name: "apps", CIDR: netip.MustParsePrefix("10.42.0.0/16"), SubnetLength: 24, VNI: 7}

// Underlay is the address of host i.
func Underlay(i int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}) }

// Peer returns host i as others see it, with a MAC that a person can read.
func Peer(i int) overlay.Peer {
	return overlay.Peer{Subnet: Apps.Subnet(i), Underlay: Underlay(i), MAC: overlay.MAC{2, 0, 0, 0, 0, byte(i)}}
}

// Lines returns operations as text, each on a line.
func Lines(ops []overlay.Op) string {
	var b strings.Builder
	for _, op := range ops {
		fmt.Fprintln(&b, op)
	}
	return b.String()
}

// WithKernel runs f with the Kernel of a namespace.
func WithKernel(t testing.TB, ns *netnstest.Namespace, f func(*kernel.Kernel)) {
	t.Helper()
	ns.Do(func() {
		k, err := kernel.Open()
		if err != nil {
			t.Error(err)
			return
		}
		defer k.Close()
		f(k)
	})
}

// Cluster is some hosts at a switch.
type Cluster struct {
	T        *testing.T
	Switch   *netnstest.Namespace
	Hosts    []*Host
	IPv6     bool
	Networks []overlay.Network
}

// Host is a host: a namespace, with a Kernel opened in it.
type Host struct {
	*netnstest.Namespace
	Number  int
	Kernel  *kernel.Kernel
	Keepers map[string]*kernel.Keeper // by network
	Narrow  map[netip.Prefix]int      // MTU of paths, by the peer's subnet
	Cluster *Cluster
}

// NewCluster makes hosts 1 to count, all in all networks, and programs them.
func NewCluster(t *testing.T, count int, six bool, networks ...overlay.Network) *Cluster {
	t.Helper()
	c := &Cluster{T: t, Switch: netnstest.New(t, "switch"), IPv6: six, Networks: networks}
	c.Switch.Sh("ip link add sw type bridge && ip link set sw up")
	for i := 1; i <= count; i++ {
		h := &Host{Namespace: netnstest.New(t, fmt.Sprint("host-", i)), Number: i, Cluster: c}
		c.Switch.Cable(fmt.Sprint("port", i), h.Namespace, "eth0", 1500)
		c.Switch.Sh(fmt.Sprintf("ip link set port%d master sw up", i))
		h.Sh(fmt.Sprintf("ip addr add %s/64 dev eth0 nodad 2>/dev/null || ip addr add %s/24 dev eth0; ip link set eth0 up; sysctl -qw net.ipv4.ip_forward=1", c.Underlay(i), c.Underlay(i)))
		if six { // the kernel takes in packets to it a moment after it is there
			await.True(t, "an address of IPv6 is in use", func() bool { return h.Sh(fmt.Sprintf("ip -6 route show table local %s", c.Underlay(i))) != "" })
		}
		var err error
		h.Do(func() { h.Kernel, err = kernel.Open() })
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(h.Kernel.Close)
		h.Keepers = map[string]*kernel.Keeper{}
		for _, n := range networks {
			h.Keepers[n.Name] = kernel.NewKeeper(h.Kernel, n, nil)
		}
		c.Hosts = append(c.Hosts, h)
	}
	for _, h := range c.Hosts {
		h.Audit()
	}
	return c
}

// Underlay is the address of host i, of the family of the cluster.
func (c *Cluster) Underlay(i int) netip.Addr {
	if c.IPv6 {
		return netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", i))
	}
	return Underlay(i)
}

// ID is the machine id.
func (h *Host) ID() string { return fmt.Sprint("machine-", h.Number) }

// Want is what h should hold of n.
func (h *Host) Want(n overlay.Network) overlay.State {
	h.Cluster.T.Helper()
	return h.Wanted(n).State()
}

// Wanted is what h should hold of n, to be changed.
func (h *Host) Wanted(n overlay.Network) *overlay.Wanted {
	h.Cluster.T.Helper()
	var peers []overlay.Peer
	for _, other := range h.Cluster.Hosts {
		peers = append(peers, overlay.Peer{Subnet: n.Subnet(other.Number), Underlay: h.Cluster.Underlay(other.Number), MAC: overlay.VxlanMAC(other.ID(), n.VNI), MTU: h.Narrow[n.Subnet(other.Number)]})
	}
	// This host is none of its peers: it would be fenced.
	peers = slices.DeleteFunc(peers, func(p overlay.Peer) bool { return p.Subnet == n.Subnet(h.Number) })
	w, err := overlay.NewWanted(n, overlay.Host{Machine: h.ID(), Subnet: n.Subnet(h.Number), Underlay: h.Cluster.Underlay(h.Number), Interface: "eth0", MTU: 1500}, peers)
	if err != nil {
		h.Cluster.T.Fatal(err)
	}
	return w
}

// Plan is what is left to do for n.
func (h *Host) Plan(n overlay.Network) []overlay.Op {
	h.Cluster.T.Helper()
	var ops []overlay.Op
	var err error
	h.Do(func() { ops, _, err = h.Keepers[n.Name].Check(n.Subnet(h.Number), h.Want(n)) })
	if err != nil {
		h.Cluster.T.Fatal(err)
	}
	return ops
}

// Audit puts right what is not, and fails if that needs a second time.
func (h *Host) Audit() {
	h.Cluster.T.Helper()
	for _, n := range h.Cluster.Networks {
		var ops []overlay.Op
		var err error
		h.Do(func() { ops, err = h.Keepers[n.Name].Audit(n.Subnet(h.Number), h.Want(n)) })
		if err != nil {
			h.Cluster.T.Fatalf("%s: %v", h.Name, err)
		}
		if left := h.Plan(n); len(left) > 0 {
			h.Cluster.T.Fatalf("%s: after\n%sthere is left to do\n%s", h.Name, Lines(ops), Lines(left))
		}
	}
}

// Container is a namespace at a bridge, as Docker makes them.
type Container struct {
	*netnstest.Namespace
	Address netip.Addr
}

// Container starts container number, from 1, on h.
func (h *Host) Container(n overlay.Network, number int) *Container {
	h.Cluster.T.Helper()
	subnet := n.Subnet(h.Number)
	a := subnet.Addr().As4()
	a[3] += byte(number)
	c := &Container{netnstest.New(h.Cluster.T, fmt.Sprintf("%s-%s-%d", h.Name, n.Name, number)), netip.AddrFrom4(a)}
	port := fmt.Sprintf("veth%d-%d", n.VNI, number)
	h.Cable(port, c.Namespace, "eth0", 1500)
	mtu := h.Want(n).Bridge.MTU
	h.Sh(fmt.Sprintf("ip link set %s mtu %d master %s up", port, mtu, n.Bridge()))
	h.Audit()
	c.Sh(fmt.Sprintf("ip link set eth0 mtu %d up; ip addr add %s/%d dev eth0; ip route add default via %s", mtu, c.Address, n.SubnetLength, overlay.Gateway(subnet)))
	return c
}

// Patience is how long a connection that should come about may take, and
// Restraint how long one that should not is tried.
const (
	Patience  = time.Minute
	Restraint = 300 * time.Millisecond
)

// Dial connects from a to a listener that to opens on address for this, and
// returns the address from which the listener saw the connection. size bytes
// go there and back.
func Dial(from, to *netnstest.Namespace, address netip.Addr, size int, limit time.Duration) (seen netip.Addr, err error) {
	var l net.Listener
	to.Do(func() { l, err = net.Listen("tcp", netip.AddrPortFrom(address, 0).String()) })
	if err != nil {
		return seen, fmt.Errorf("listen: %w", err)
	}
	defer l.Close()
	got := make(chan netip.Addr, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		got <- conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
		io.Copy(conn, conn)
	}()
	var conn net.Conn
	from.Do(func() { conn, err = net.DialTimeout("tcp", l.Addr().String(), limit) })
	if err != nil {
		return seen, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(Patience))
	go conn.Write(make([]byte, size))
	if _, err := io.ReadFull(conn, make([]byte, size)); err != nil {
		return seen, err
	}
	return <-got, nil
}

// Reaches fails unless from reaches address of to and is seen there as as.
func Reaches(t *testing.T, from, to *netnstest.Namespace, address, as netip.Addr) {
	t.Helper()
	seen, err := Dial(from, to, address, 100_000, Patience)
	if err != nil {
		t.Errorf("%s does not reach %s of %s: %v", from.Name, address, to.Name, err)
	} else if seen != as {
		t.Errorf("%s reaches %s of %s as %s, want %s", from.Name, address, to.Name, seen, as)
	}
}

// Apart fails if from reaches address of to.
func Apart(t *testing.T, from, to *netnstest.Namespace, address netip.Addr) {
	t.Helper()
	if seen, err := Dial(from, to, address, 1, Restraint); err == nil {
		t.Errorf("%s reaches %s of %s, as %s", from.Name, address, to.Name, seen)
	}
}

// Datagram sends size bytes over UDP, not to be fragmented, and waits for them.
func Datagram(from, to *netnstest.Namespace, address netip.Addr, size int) (err error) {
	var l net.PacketConn
	to.Do(func() { l, err = net.ListenPacket("udp", netip.AddrPortFrom(address, 0).String()) })
	if err != nil {
		return err
	}
	defer l.Close()
	var conn net.Conn
	from.Do(func() { conn, err = net.Dial("udp", l.LocalAddr().String()) })
	if err != nil {
		return err
	}
	defer conn.Close()
	raw, err := conn.(*net.UDPConn).SyscallConn()
	if err == nil {
		raw.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DO)
		})
	}
	if err != nil {
		return err
	}
	if _, err := conn.Write(make([]byte, size)); err != nil {
		return err
	}
	l.SetReadDeadline(time.Now().Add(Patience))
	n, _, err := l.ReadFrom(make([]byte, size+1))
	if err == nil && n != size {
		err = fmt.Errorf("%d bytes arrived", n)
	}
	return err
}

// NeedTool skips the test where a program is not installed.
func NeedTool(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed", name)
	}
}

// HasLine reports whether a line of s has all words.
func HasLine(s string, words ...string) bool {
	for line := range strings.Lines(s) {
		all := true
		for _, w := range words {
			all = all && strings.Contains(line, w)
		}
		if all {
			return true
		}
	}
	return false
}
