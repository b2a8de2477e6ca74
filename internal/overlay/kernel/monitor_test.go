package kernel_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
	"rundock/internal/overlay/overlaytest"
)

// watching is a monitor of a host's, told of what is not as wanted.
type watching struct {
	host   *overlaytest.Host
	told   chan bool
	marked chan bool // a mark has been read
	marks  byte

	mu     sync.Mutex
	wanted *overlay.Wanted
}

// mark is a neighbour that stands for nothing.
var mark = netip.MustParseAddr("10.42.222.0")

func watch(t *testing.T, h *overlaytest.Host) *watching {
	t.Helper()
	// The kernel tries addresses of IPv6 for a second and more, and then tells of each.
	await.Equal(t, "no address is tried any more", "", func() string { return h.Sh("ip -6 -oneline address show tentative") })
	w := &watching{host: h, told: make(chan bool, 1000), marked: make(chan bool, 1), wanted: h.Wanted(overlaytest.Apps)}
	var m *kernel.Monitor
	var err error
	h.Do(func() { m, err = kernel.OpenMonitor(overlaytest.Apps) })
	if err != nil {
		t.Fatal(err)
	}
	m.Watch("eth0")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- m.Run(ctx, func() { w.told <- true }, func(op overlay.Op) bool {
			if o, ok := op.(overlay.PutNeighbour); ok && o.IP == mark {
				w.marked <- true
				return true
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.wanted.Agrees(op)
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v, want nil", err)
		}
	})
	return w
}

// times is how often the monitor told since the last call, of all that was
// done before.
func (w *watching) times() (n int) {
	w.marks++ // the same again would be no change
	w.host.Sh(overlay.PutNeighbour{Dev: "vx7", IP: mark, MAC: overlay.MAC{2, 0, 0, 0, 0, w.marks}}.String())
	select {
	case <-w.marked: // messages come in order
	case <-time.After(overlaytest.Patience):
		w.host.Cluster.T.Fatal("the monitor does not see what is done")
	}
	for len(w.told) > 0 {
		<-w.told
		n++
	}
	return n
}

func TestMonitor_tells_of_tampering_and_not_of_everyday_life(t *testing.T) {
	c := overlaytest.NewCluster(t, 2, false, overlaytest.Apps)
	h := c.Hosts[0]
	from, to := h.Container(overlaytest.Apps, 10), c.Hosts[1].Container(overlaytest.Apps, 10)
	overlaytest.Reaches(t, from.Namespace, to.Namespace, to.Address, from.Address)
	w := watch(t, h)
	told := w.told
	for range 20 {
		overlaytest.Reaches(t, from.Namespace, to.Namespace, to.Address, from.Address)
	}
	h.Sh("ip neigh replace 192.0.2.77 lladdr 02:00:00:00:00:77 dev eth0 nud reachable")
	if n := w.times(); n > 0 {
		t.Errorf("traffic is taken for tampering, %d times", n)
	}
	for _, script := range []string{"ip route del 10.42.2.0/24 dev vx7", "ip neigh del 10.42.2.0 dev vx7", "ip addr flush dev ovl7", "nft flush table ip rundock_ovl7", "nft flush set inet rundock_ovl7 hosts", "nft delete table inet rundock_ovl7",
		"sysctl -qw net.ipv4.ip_forward=0", "ip route flush table local dev vx7", "ip link set veth7-10 down", "ip link set ovl7 arp off",
		"ip route del unreachable 10.42.0.0/16", "ip route add 10.42.9.0/25 dev eth0", "ip addr add 2001:db8::201/64 dev eth0 nodad",
		"ip link set vx7 down", "ip link del vx7", "ip link del ovl7"} {
		if strings.HasPrefix(script, "nft") {
			overlaytest.NeedTool(t, "nft")
		}
		for len(told) > 0 {
			<-told
		}
		h.Sh(script)
		select {
		case <-told:
		case <-time.After(overlaytest.Patience):
			t.Errorf("the monitor does not tell of %s", script)
		}
	}
}

// What peers' changes lead to is not told, whoever does it; what leads away
// from it is.
func TestMonitor_knows_its_own(t *testing.T) {
	c := overlaytest.NewCluster(t, 2, false, overlaytest.Apps)
	h := c.Hosts[0]
	w := watch(t, h)
	one, other := overlaytest.Peer(50), overlaytest.Peer(50)
	other.Underlay, other.MAC, other.MTU = overlaytest.Underlay(60), overlay.MAC{2, 0, 0, 0, 0, 60}, 1300
	for _, change := range []struct {
		what string
		peer *overlay.Peer
	}{{"a peer that comes", &one}, {"one that has moved", &other}, {"one that goes", nil}} {
		w.mu.Lock()
		ops, _, err := w.wanted.Change(map[netip.Prefix]*overlay.Peer{one.Subnet: change.peer})
		w.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		h.Do(func() { err = h.Kernel.Apply(ops) })
		if err != nil {
			t.Fatal(err)
		}
		if n := w.times(); n > 0 {
			t.Errorf("%s is taken for tampering, %d times", change.what, n)
		}
	}
	h.Sh("ip link add foreign type bridge; ip link set foreign addrgenmode none up; ip addr add 10.99.0.1/24 dev foreign")
	w.times()
	h.Sh("ip route add 10.98.0.0/24 via 10.99.0.2; ip neigh replace 10.99.0.2 lladdr 02:00:00:00:00:99 dev foreign nud permanent; ip addr add 10.99.0.3/24 dev foreign")
	h.Sh("ip route del 10.98.0.0/24; ip neigh del 10.99.0.2 dev foreign; ip addr del 10.99.0.3/24 dev foreign; ip route add 10.97.0.0/24 dev vx7")
	if n := w.times(); n > 0 {
		t.Errorf("what others do with their devices is taken for tampering, %d times", n)
	}
	for _, script := range []string{
		"ip route replace 10.42.2.0/24 via 10.42.9.0 dev vx7 onlink proto 82 metric 3", "bridge fdb append 02:33:33:33:33:33 dev vx7 dst 192.0.2.33 self permanent",
		"ip addr add 192.0.2.201/24 dev eth0", "ip addr del 192.0.2.201/24 dev eth0",
		fmt.Sprintf("bridge fdb replace %s dev vx7 dst 192.0.2.77 self permanent", overlay.VxlanMAC("machine-2", overlaytest.Apps.VNI)), "ip neigh replace 10.42.2.0 lladdr 02:22:22:22:22:22 dev vx7 nud permanent",
	} {
		if h.Sh(script); w.times() == 0 {
			t.Errorf("the monitor does not tell of %s", script)
		}
	}
}
