package pathmtu

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rundock/internal/await"
	"rundock/internal/netnstest"
	"rundock/internal/overlay"
	"rundock/internal/overlay/overlaytest"
)

// routers are two that a host is behind: between them is a narrow place.
type routers struct{ near, far *netnstest.Namespace }

// behindRouters puts two routers, with mtu between them, between host i and
// the switch. Host and switch see each other as before: the routers answer for
// those on the other side.
func behindRouters(c *overlaytest.Cluster, i, mtu int) routers {
	c.T.Helper()
	r := routers{netnstest.New(c.T, "near router"), netnstest.New(c.T, "far router")}
	h := c.Hosts[i-1]
	h.Sh("ip link del eth0")
	port := fmt.Sprint("port", i)
	c.Switch.Cable(port, r.near, "eth0", 1500)
	r.near.Cable("eth1", r.far, "eth0", 1500)
	r.far.Cable("eth1", h.Namespace, "eth0", 1500)
	c.Switch.Sh(fmt.Sprintf("ip link set %s master sw up", port))
	var others strings.Builder
	for _, other := range c.Hosts {
		fmt.Fprintf(&others, "%s ", c.Underlay(other.Number))
	}
	router := fmt.Sprintf(`cd /proc/sys/net
		echo 1 >ipv4/ip_forward; echo 1 >ipv6/conf/all/forwarding
		for dev in eth0 eth1; do
			echo 0 >ipv6/conf/$dev/accept_dad; echo 1 >ipv4/conf/$dev/proxy_arp; echo 1 >ipv6/conf/$dev/proxy_ndp
			ip link set $dev up
		done
		host=%s others='%s' mtu=%d
	`, c.Underlay(i), &others, mtu)
	if c.IPv6 {
		r.near.Sh(router + `ip addr add 2001:db8:1::1/64 dev eth1; ip addr add 2001:db8::c8/64 dev eth0
			ip link set eth1 mtu $mtu; ip route add $host via 2001:db8:1::2; ip neigh add proxy $host dev eth0`)
		r.far.Sh(router + `ip addr add 2001:db8:1::2/64 dev eth0; ip route add 2001:db8::/64 via 2001:db8:1::1; ip route add $host dev eth1
			ip link set eth0 mtu $mtu; for other in $others; do [ $other = $host ] || ip neigh add proxy $other dev eth1; done`)
		h.Sh(fmt.Sprintf("ip addr add %s/64 dev eth0 nodad; ip link set eth0 up", c.Underlay(i)))
		return r
	}
	r.near.Sh(router + `ip addr add 198.51.100.1/24 dev eth1; ip addr add 192.0.2.200/24 dev eth0
		ip link set eth1 mtu $mtu; ip route add $host via 198.51.100.2`)
	r.far.Sh(router + `ip addr add 198.51.100.2/24 dev eth0; ip route add 192.0.2.0/24 via 198.51.100.1; ip route add $host dev eth1
		ip link set eth0 mtu $mtu`)
	h.Sh(fmt.Sprintf("ip addr add %s/24 dev eth0; ip link set eth0 up", c.Underlay(i)))
	return r
}

// setMTU makes the place between the routers wider or narrower.
func (r routers) setMTU(mtu int) {
	r.near.Sh(fmt.Sprintf("ip link set eth1 mtu %d", mtu))
	r.far.Sh(fmt.Sprintf("ip link set eth0 mtu %d", mtu))
}

// swallow has the routers say nothing of packets that are too big, and pass no
// fragments.
func (r routers) swallow() {
	for _, n := range []*netnstest.Namespace{r.near, r.far} {
		n.Sh(`nft 'add table inet swallow
			add chain inet swallow out { type filter hook output priority 0; }
			add rule inet swallow out icmp type destination-unreachable drop
			add rule inet swallow out icmpv6 type packet-too-big drop
			add chain inet swallow in { type filter hook prerouting priority -450; }
			add rule inet swallow in ip frag-off & 0x3fff != 0 drop'`)
	}
}

// prober looks at the paths of h in n.
type prober struct {
	*Prober
	h     *overlaytest.Host
	n     overlay.Network
	found chan []Path
}

func probeFrom(h *overlaytest.Host, n overlay.Network, every time.Duration) *prober {
	h.Cluster.T.Helper()
	p := &prober{h: h, n: n, found: make(chan []Path, 100)}
	var err error
	h.Do(func() { p.Prober, err = Open(n, h.Cluster.Underlay(h.Number)) })
	if err != nil {
		h.Cluster.T.Fatal(err)
	}
	p.every = every
	p.Follow(h.Want(n))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan bool)
	go func() {
		defer close(done)
		p.Run(ctx, func(found []Path) {
			if len(found) > 0 {
				p.found <- found
			}
		})
	}()
	h.Cluster.T.Cleanup(func() {
		cancel()
		<-done
		p.Close()
	})
	return p
}

// finds waits until a path's MTU is found, and has it applied.
func (p *prober) finds(peer, mtu int) {
	p.h.Cluster.T.Helper()
	for late := time.After(overlaytest.Patience); ; {
		select {
		case found := <-p.found:
			for _, path := range found {
				if path != (Path{p.n.Subnet(peer), p.h.Cluster.Underlay(peer), mtu}) {
					p.h.Cluster.T.Fatalf("%s: found %+v, want %d for host-%d", p.h.Name, path, mtu, peer)
				}
			}
			if p.h.Narrow == nil {
				p.h.Narrow = map[netip.Prefix]int{}
			}
			p.h.Narrow[p.n.Subnet(peer)] = mtu
			p.h.Audit()
			p.Follow(p.h.Want(p.n))
			return
		case <-late:
			p.h.Cluster.T.Fatalf("%s: the MTU of the path to host-%d was not found", p.h.Name, peer)
		}
	}
}

// searched reports whether each path was looked at to the end.
func (p *prober) searched() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.paths {
		if t.search != nil || t.silent == 0 && time.Until(t.due) < p.every/2 {
			return false
		}
	}
	return true
}

func TestPaths_that_are_narrow_are_found_and_their_packets_fit(t *testing.T) {
	overlaytest.NeedTool(t, "nft")
	for _, tt := range []struct {
		name           string
		six, blackHole bool
	}{
		{"IPv4", false, false},
		{"IPv4, a black hole", false, true},
		{"IPv6", true, false},
		{"IPv6, a black hole", true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := overlaytest.Apps
			c := overlaytest.NewCluster(t, 3, tt.six, n)
			r := behindRouters(c, 3, 1300)
			if tt.blackHole {
				r.swallow()
			}
			one, three := c.Hosts[0], c.Hosts[2]
			from, to := one.Container(n, 10), three.Container(n, 10)
			const long = time.Hour
			p, back := probeFrom(one, n, long), probeFrom(three, n, long)
			fits := 1300 - overlay.Overhead(c.Underlay(1))
			p.finds(3, fits)
			if !overlaytest.HasLine(one.Sh("ip route show "+n.Subnet(3).String()), fmt.Sprint("mtu lock ", fits)) || overlaytest.HasLine(one.Sh("ip route show "+n.Subnet(2).String()), "mtu") {
				t.Errorf("the routes are\n%s", one.Sh("ip route show proto 82"))
			}
			// The two paths of host 3, which are both narrow.
			for range 2 {
				found := <-back.found
				for _, path := range found {
					if path.MTU != fits {
						t.Errorf("host-3 found %+v, want %d", path, fits)
					}
				}
				if len(found) == 2 {
					break
				}
			}
			three.Narrow = map[netip.Prefix]int{n.Subnet(1): fits, n.Subnet(2): fits}
			three.Audit()
			if _, err := overlaytest.Dial(from.Namespace, to.Namespace, to.Address, 3_000_000, overlaytest.Patience); err != nil {
				t.Errorf("a transfer between containers: %v", err)
			}
			if err := overlaytest.Datagram(from.Namespace, to.Namespace, to.Address, fits-28); err != nil {
				t.Errorf("%d bytes do not arrive: %v", fits-28, err)
			}
			if err := overlaytest.Datagram(from.Namespace, to.Namespace, to.Address, fits-27); !errors.Is(err, unix.EMSGSIZE) {
				t.Errorf("sending %d bytes = %v, want %v", fits-27, err, unix.EMSGSIZE)
			}
			// Or it would fragment for ten minutes after the path has grown.
			if out := one.Sh(fmt.Sprintf("ip route get %s", c.Underlay(3))); strings.Contains(out, "mtu") {
				t.Errorf("of the probes the kernel remembers\n%s", out)
			}
		})
	}
}

func TestPaths_that_change_are_followed(t *testing.T) {
	t.Parallel()
	n := overlaytest.Apps
	c := overlaytest.NewCluster(t, 3, false, n)
	r := behindRouters(c, 3, 1500)
	one := c.Hosts[0]
	p := probeFrom(one, n, 100*time.Millisecond)
	r.setMTU(1300)
	p.finds(3, 1250)
	r.setMTU(1400)
	p.finds(3, 1350)
	// A device made anew: the sockets that are bound to the old one are of no use.
	one.Sh("ip link del vx7")
	one.Audit()
	r.setMTU(1200)
	p.finds(3, 1150)
	r.setMTU(1500)
	p.finds(3, 0)
	if overlaytest.HasLine(one.Sh("ip route show proto 82"), "mtu") {
		t.Errorf("the routes are\n%s", one.Sh("ip route show proto 82"))
	}
}

func TestPaths_of_which_nothing_is_heard_are_counted(t *testing.T) {
	overlaytest.NeedTool(t, "nft")
	t.Parallel()
	n := overlaytest.Apps
	c := overlaytest.NewCluster(t, 3, false, n)
	p := probeFrom(c.Hosts[0], n, 100*time.Millisecond)
	silent := func(count int, first netip.Prefix) {
		t.Helper()
		await.Empty(t, fmt.Sprintf("silent are %d, from %s", count, first), func() string {
			if got := p.Silent(); len(got) != count || count > 0 && got[0] != first {
				return fmt.Sprintf("they are %s", got)
			}
			return ""
		})
	}
	for _, h := range c.Hosts[1:] {
		h.Sh("nft 'add table inet closed; add chain inet closed in { type filter hook input priority 0; }; add rule inet closed in udp dport 4789 drop'")
	}
	silent(2, n.Subnet(2))
	c.Hosts[1].Sh("nft delete table inet closed")
	silent(1, n.Subnet(3))
	c.Hosts[2].Sh("nft delete table inet closed")
	silent(0, netip.Prefix{})
}

// What a router has told the kernel of other packets, it remembers, and over
// IPv6 sends nothing larger: so a path that has grown is narrow until that is
// forgotten.
func TestPaths_are_as_narrow_as_the_kernel_takes_them_for(t *testing.T) {
	for _, six := range []bool{false, true} {
		t.Run(fmt.Sprintf("underlay of IPv6 %v", six), func(t *testing.T) {
			t.Parallel()
			n := overlaytest.Apps
			c := overlaytest.NewCluster(t, 2, six, n)
			r := behindRouters(c, 2, 1300)
			one, two := c.Hosts[0], c.Hosts[1]
			get := fmt.Sprintf("ip route get %s", c.Underlay(2))
			// A connection of the host's own, on the underlay.
			if _, err := overlaytest.Dial(one.Namespace, two.Namespace, c.Underlay(2), 100_000, overlaytest.Patience); err != nil {
				t.Fatal(err)
			}
			if out := one.Sh(get); !strings.Contains(out, "mtu 1300") {
				t.Fatalf("the kernel remembers nothing:\n%s", out)
			}
			r.setMTU(1500)
			p := probeFrom(one, n, 100*time.Millisecond)
			fits := 1300 - overlay.Overhead(c.Underlay(1))
			p.finds(2, fits)
			from, to := one.Container(n, 10), two.Container(n, 10)
			if err := overlaytest.Datagram(from.Namespace, to.Namespace, to.Address, fits-28); err != nil {
				t.Errorf("%d bytes do not arrive: %v", fits-28, err)
			}
			one.Sh("ip route flush cache; ip -6 route flush cache")
			p.finds(2, 0)
		})
	}
}

func TestPaths_of_peers_that_answer_nothing_are_left_as_they_are(t *testing.T) {
	overlaytest.NeedTool(t, "nft")
	t.Parallel()
	n := overlaytest.Apps
	c := overlaytest.NewCluster(t, 3, false, n)
	r := behindRouters(c, 3, 1300)
	one, two, three := c.Hosts[0], c.Hosts[1], c.Hosts[2]
	mute := `nft 'add table ip mute
		add chain ip mute in { type filter hook input priority 0; }
		add rule ip mute in icmp type echo-request drop'`
	two.Sh(mute)
	three.Sh(mute)
	one.Narrow = map[netip.Prefix]int{n.Subnet(2): 1111}
	one.Audit()
	p := probeFrom(one, n, 100*time.Millisecond)
	await.True(t, "the search ends", p.searched)
	select {
	case found := <-p.found:
		t.Errorf("found %+v", found)
	default:
	}
	three.Sh("nft delete table ip mute")
	p.finds(3, 1250)
	r.setMTU(1500)
	two.Sh("nft delete table ip mute")
	got := map[Path]bool{}
	for len(got) < 2 {
		for _, path := range <-p.found {
			got[path] = true
		}
	}
	if !got[Path{n.Subnet(2), overlaytest.Underlay(2), 0}] || !got[Path{n.Subnet(3), overlaytest.Underlay(3), 0}] {
		t.Errorf("found %v, want that both are wide", got)
	}
}

// A firewall that lets in only what belongs to a connection that this host
// has begun.
func TestPaths_are_found_behind_a_firewall_of_this_host(t *testing.T) {
	overlaytest.NeedTool(t, "nft")
	t.Parallel()
	n := overlaytest.Apps
	c := overlaytest.NewCluster(t, 2, false, n)
	behindRouters(c, 2, 1300)
	one := c.Hosts[0]
	one.Sh(`nft 'add table ip strict
		add chain ip strict in { type filter hook input priority 0; policy drop; }
		add rule ip strict in iifname lo accept
		add rule ip strict in udp dport 4789 accept
		add rule ip strict in ct state established,related accept'`)
	probeFrom(one, n, time.Hour).finds(2, 1250)
}
