package overlay

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// namespace is a network namespace with a thread of its own, which goes with
// the test.
type namespace struct {
	t    testing.TB
	name string
	work chan func()
	tid  int
}

func newNamespace(t testing.TB, name string) *namespace {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("network namespaces need root")
	}
	n := &namespace{t: t, name: name, work: make(chan func())}
	ready := make(chan error)
	go func() {
		// Never unlocked, so that the thread ends with this goroutine, and the
		// namespace with the thread.
		runtime.LockOSThread()
		n.tid = unix.Gettid()
		ready <- unix.Unshare(unix.CLONE_NEWNET)
		for f := range n.work {
			f()
		}
	}()
	if err := <-ready; err != nil {
		close(n.work)
		t.Skipf("no network namespace: %v", err)
	}
	t.Cleanup(func() { close(n.work) })
	n.sh("ip link set lo up")
	return n
}

// do runs f in the namespace.
func (n *namespace) do(f func()) {
	done := make(chan struct{})
	n.work <- func() {
		defer close(done)
		f()
	}
	<-done
}

// sh runs a command in the namespace and returns what it prints.
func (n *namespace) sh(script string) string {
	n.t.Helper()
	out, err := n.try(script)
	if err != nil {
		n.t.Fatalf("%s: %s: %v\n%s", n.name, script, err, out)
	}
	return out
}

func (n *namespace) try(script string) (out string, err error) {
	n.do(func() {
		var b []byte
		b, err = exec.Command("sh", "-ec", script).CombinedOutput()
		out = string(b)
	})
	return out, err
}

// cable joins a and b by a pair of devices.
func cable(t testing.TB, a *namespace, nameA string, b *namespace, nameB string) {
	t.Helper()
	file, err := os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", b.tid))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	a.do(func() {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = nameA
		err = netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: nameB, PeerNamespace: netlink.NsFd(file.Fd())})
	})
	if err != nil {
		t.Fatalf("cable %s %s: %v", nameA, nameB, err)
	}
}

// cluster is some hosts at a switch.
type cluster struct {
	t        *testing.T
	sw       *namespace
	hosts    []*node
	six      bool
	networks []Network
}

// node is a host: a namespace, with a Kernel opened in it.
type node struct {
	*namespace
	number  int
	kernel  *Kernel
	keepers map[string]*Keeper   // by network
	narrow  map[netip.Prefix]int // MTU of paths, by the peer's subnet
	c       *cluster
}

// newCluster makes hosts 1 to count, all in all networks, and programs them.
func newCluster(t *testing.T, count int, six bool, networks ...Network) *cluster {
	t.Helper()
	c := &cluster{t: t, sw: newNamespace(t, "switch"), six: six, networks: networks}
	c.sw.sh("ip link add sw type bridge && ip link set sw up")
	for i := 1; i <= count; i++ {
		h := &node{namespace: newNamespace(t, fmt.Sprint("host-", i)), number: i, c: c}
		cable(t, c.sw, fmt.Sprint("port", i), h.namespace, "eth0")
		c.sw.sh(fmt.Sprintf("ip link set port%d master sw up", i))
		h.sh(fmt.Sprintf("ip addr add %s/64 dev eth0 nodad 2>/dev/null || ip addr add %s/24 dev eth0; ip link set eth0 up; sysctl -qw net.ipv4.ip_forward=1", c.underlay(i), c.underlay(i)))
		var err error
		h.do(func() { h.kernel, err = Open() })
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
	h.t.Helper()
	return h.wanted(n).State()
}

func (h *node) wanted(n Network) *Wanted {
	h.t.Helper()
	var peers []Peer
	for _, other := range h.c.hosts {
		peers = append(peers, Peer{Subnet: n.Subnet(other.number), Underlay: h.c.underlay(other.number), MAC: VxlanMAC(other.id(), n.VNI), MTU: h.narrow[n.Subnet(other.number)]})
	}
	// This host is none of its peers: it would be fenced.
	peers = slices.DeleteFunc(peers, func(p Peer) bool { return p.Subnet == n.Subnet(h.number) })
	w, err := NewWanted(n, Host{Machine: h.id(), Subnet: n.Subnet(h.number), Underlay: h.c.underlay(h.number), MTU: 1500}, peers)
	if err != nil {
		h.t.Fatal(err)
	}
	return w
}

// plan is what is left to do for n.
func (h *node) plan(n Network) []Op {
	h.t.Helper()
	var ops []Op
	var err error
	h.do(func() { ops, err = h.keepers[n.Name].Check(n.Subnet(h.number), h.want(n)) })
	if err != nil {
		h.t.Fatal(err)
	}
	return ops
}

// audit puts right what is not, and fails if that needs a second time.
func (h *node) audit() {
	h.t.Helper()
	for _, n := range h.c.networks {
		var ops []Op
		var err error
		h.do(func() { ops, err = h.keepers[n.Name].Audit(n.Subnet(h.number), h.want(n)) })
		if err != nil {
			h.t.Fatalf("%s: %v", h.name, err)
		}
		if left := h.plan(n); len(left) > 0 {
			h.t.Fatalf("%s: after\n%sthere is left to do\n%s", h.name, lines(ops), lines(left))
		}
	}
}

// container is a namespace at a bridge, as Docker makes them.
type container struct {
	*namespace
	address netip.Addr
}

func (h *node) container(n Network, number int) *container {
	h.t.Helper()
	subnet := n.Subnet(h.number)
	a := subnet.Addr().As4()
	a[3] += byte(number)
	c := &container{newNamespace(h.t, fmt.Sprintf("%s-%s-%d", h.name, n.Name, number)), netip.AddrFrom4(a)}
	port := fmt.Sprintf("veth%d-%d", n.VNI, number)
	cable(h.t, h.namespace, port, c.namespace, "eth0")
	mtu := h.want(n).Bridge.MTU
	h.sh(fmt.Sprintf("ip link set %s mtu %d master %s up", port, mtu, n.Bridge()))
	h.audit()
	c.sh(fmt.Sprintf("ip link set eth0 mtu %d up; ip addr add %s/%d dev eth0; ip route add default via %s", mtu, c.address, n.SubnetLength, Gateway(subnet)))
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
func dial(from, to *namespace, address netip.Addr, size int, limit time.Duration) (seen netip.Addr, err error) {
	var l net.Listener
	to.do(func() { l, err = net.Listen("tcp", netip.AddrPortFrom(address, 0).String()) })
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
	from.do(func() { conn, err = net.DialTimeout("tcp", l.Addr().String(), limit) })
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
func reaches(t *testing.T, from, to *namespace, address, as netip.Addr) {
	t.Helper()
	seen, err := dial(from, to, address, 100_000, patience)
	if err != nil {
		t.Errorf("%s does not reach %s of %s: %v", from.name, address, to.name, err)
	} else if seen != as {
		t.Errorf("%s reaches %s of %s as %s, want %s", from.name, address, to.name, seen, as)
	}
}

// apart fails if from reaches address of to.
func apart(t *testing.T, from, to *namespace, address netip.Addr) {
	t.Helper()
	if seen, err := dial(from, to, address, 1, restraint); err == nil {
		t.Errorf("%s reaches %s of %s, as %s", from.name, address, to.name, seen)
	}
}

// datagram sends size bytes over UDP, not to be fragmented, and waits for them.
func datagram(from, to *namespace, address netip.Addr, size int) (err error) {
	var l net.PacketConn
	to.do(func() { l, err = net.ListenPacket("udp", netip.AddrPortFrom(address, 0).String()) })
	if err != nil {
		return err
	}
	defer l.Close()
	var conn net.Conn
	from.do(func() { conn, err = net.Dial("udp", l.LocalAddr().String()) })
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
