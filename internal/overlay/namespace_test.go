package overlay

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
)

// opened runs f with the Kernel of a namespace.
func opened(t testing.TB, ns *netnstest.Namespace, f func(*Kernel)) {
	t.Helper()
	ns.Do(func() {
		k, err := Open()
		if err != nil {
			t.Error(err)
			return
		}
		defer k.Close()
		f(k)
	})
}

// cluster is some hosts at a switch.
type cluster struct {
	t        *testing.T
	sw       *netnstest.Namespace
	hosts    []*node
	six      bool
	networks []Network
}

// node is a host: a namespace, with a Kernel opened in it.
type node struct {
	*netnstest.Namespace
	number  int
	kernel  *Kernel
	keepers map[string]*Keeper   // by network
	narrow  map[netip.Prefix]int // MTU of paths, by the peer's subnet
	c       *cluster
}

// newCluster makes hosts 1 to count, all in all networks, and programs them.
func newCluster(t *testing.T, count int, six bool, networks ...Network) *cluster {
	t.Helper()
	c := &cluster{t: t, sw: netnstest.New(t, "switch"), six: six, networks: networks}
	c.sw.Sh("ip link add sw type bridge && ip link set sw up")
	for i := 1; i <= count; i++ {
		h := &node{Namespace: netnstest.New(t, fmt.Sprint("host-", i)), number: i, c: c}
		c.sw.Cable(fmt.Sprint("port", i), h.Namespace, "eth0", 1500)
		c.sw.Sh(fmt.Sprintf("ip link set port%d master sw up", i))
		h.Sh(fmt.Sprintf("ip addr add %s/64 dev eth0 nodad 2>/dev/null || ip addr add %s/24 dev eth0; ip link set eth0 up; sysctl -qw net.ipv4.ip_forward=1", c.underlay(i), c.underlay(i)))
		if six { // the kernel takes in packets to it a moment after it is there
			await.True(t, "an address of IPv6 is in use", func() bool { return h.Sh(fmt.Sprintf("ip -6 route show table local %s", c.underlay(i))) != "" })
		}
		var err error
		h.Do(func() { h.kernel, err = Open() })
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(h.kernel.Close)
		h.keepers = map[string]*Keeper{}
		for _, n := range networks {
			h.keepers[n.Name] = NewKeeper(h.kernel, n, nil)
		}
		c.hosts = append(c.hosts, h)
	}
	for _, h := range c.hosts {
		h.audit()
	}
	return c
}

func (c *cluster) underlay(i int) netip.Addr {
	if c.six {
		return netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", i))
	}
	return underlay(i)
}

func (h *node) id() string { return fmt.Sprint("machine-", h.number) }

// want is what h should hold of n.
func (h *node) want(n Network) State {
	h.c.t.Helper()
	return h.wanted(n).State()
}

func (h *node) wanted(n Network) *Wanted {
	h.c.t.Helper()
	var peers []Peer
	for _, other := range h.c.hosts {
		peers = append(peers, Peer{Subnet: n.Subnet(other.number), Underlay: h.c.underlay(other.number), MAC: VxlanMAC(other.id(), n.VNI), MTU: h.narrow[n.Subnet(other.number)]})
	}
	// This host is none of its peers: it would be fenced.
	peers = slices.DeleteFunc(peers, func(p Peer) bool { return p.Subnet == n.Subnet(h.number) })
	w, err := NewWanted(n, Host{Machine: h.id(), Subnet: n.Subnet(h.number), Underlay: h.c.underlay(h.number), Interface: "eth0", MTU: 1500}, peers)
	if err != nil {
		h.c.t.Fatal(err)
	}
	return w
}

// plan is what is left to do for n.
func (h *node) plan(n Network) []Op {
	h.c.t.Helper()
	var ops []Op
	var err error
	h.Do(func() { ops, _, err = h.keepers[n.Name].Check(n.Subnet(h.number), h.want(n)) })
	if err != nil {
		h.c.t.Fatal(err)
	}
	return ops
}

// audit puts right what is not, and fails if that needs a second time.
func (h *node) audit() {
	h.c.t.Helper()
	for _, n := range h.c.networks {
		var ops []Op
		var err error
		h.Do(func() { ops, err = h.keepers[n.Name].Audit(n.Subnet(h.number), h.want(n)) })
		if err != nil {
			h.c.t.Fatalf("%s: %v", h.Name, err)
		}
		if left := h.plan(n); len(left) > 0 {
			h.c.t.Fatalf("%s: after\n%sthere is left to do\n%s", h.Name, lines(ops), lines(left))
		}
	}
}

// container is a namespace at a bridge, as Docker makes them.
type container struct {
	*netnstest.Namespace
	address netip.Addr
}

func (h *node) container(n Network, number int) *container {
	h.c.t.Helper()
	subnet := n.Subnet(h.number)
	a := subnet.Addr().As4()
	a[3] += byte(number)
	c := &container{netnstest.New(h.c.t, fmt.Sprintf("%s-%s-%d", h.Name, n.Name, number)), netip.AddrFrom4(a)}
	port := fmt.Sprintf("veth%d-%d", n.VNI, number)
	h.Cable(port, c.Namespace, "eth0", 1500)
	mtu := h.want(n).Bridge.MTU
	h.Sh(fmt.Sprintf("ip link set %s mtu %d master %s up", port, mtu, n.Bridge()))
	h.audit()
	c.Sh(fmt.Sprintf("ip link set eth0 mtu %d up; ip addr add %s/%d dev eth0; ip route add default via %s", mtu, c.address, n.SubnetLength, Gateway(subnet)))
	return c
}

// patience is how long a connection that should come about may take, and
// restraint how long one that should not is tried.
const (
	patience  = time.Minute
	restraint = 300 * time.Millisecond
)

// dial connects from a to a listener that to opens on address for this, and
// returns the address from which the listener saw the connection. size bytes
// go there and back.
func dial(from, to *netnstest.Namespace, address netip.Addr, size int, limit time.Duration) (seen netip.Addr, err error) {
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
	conn.SetDeadline(time.Now().Add(patience))
	go conn.Write(make([]byte, size))
	if _, err := io.ReadFull(conn, make([]byte, size)); err != nil {
		return seen, err
	}
	return <-got, nil
}

// reaches fails unless from reaches address of to and is seen there as as.
func reaches(t *testing.T, from, to *netnstest.Namespace, address, as netip.Addr) {
	t.Helper()
	seen, err := dial(from, to, address, 100_000, patience)
	if err != nil {
		t.Errorf("%s does not reach %s of %s: %v", from.Name, address, to.Name, err)
	} else if seen != as {
		t.Errorf("%s reaches %s of %s as %s, want %s", from.Name, address, to.Name, seen, as)
	}
}

// apart fails if from reaches address of to.
func apart(t *testing.T, from, to *netnstest.Namespace, address netip.Addr) {
	t.Helper()
	if seen, err := dial(from, to, address, 1, restraint); err == nil {
		t.Errorf("%s reaches %s of %s, as %s", from.Name, address, to.Name, seen)
	}
}

// datagram sends size bytes over UDP, not to be fragmented, and waits for them.
func datagram(from, to *netnstest.Namespace, address netip.Addr, size int) (err error) {
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
	l.SetReadDeadline(time.Now().Add(patience))
	n, _, err := l.ReadFrom(make([]byte, size+1))
	if err == nil && n != size {
		err = fmt.Errorf("%d bytes arrived", n)
	}
	return err
}

func tool(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed", name)
	}
}

func field(s string, words ...string) bool {
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
