package bench

import (
	"fmt"
	"net/netip"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"rundock/internal/netnstest"
	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
)

// A variant is a way from one end to the other, with hosts of its own, so
// that no packet meets the rules of another.
type variant struct {
	name     string
	from, to *netnstest.Namespace
	address  netip.Addr // of to

	// By round.
	perCPU   []float64 // gigabits of TCP per second of all processors' time
	rate     []float64 // gigabits of TCP per second
	p50, p99 []float64 // of UDP round trips, in microseconds
}

// TestDataPlane compares what our network carries with what the kernel does
// without it, and with the same network made by hand.
func TestDataPlane(t *testing.T) {
	need(t, "ip", "bridge", "nft")
	stream, echo := 20*time.Millisecond, 10*time.Millisecond
	if *earnest {
		echo = time.Duration(*seconds * float64(time.Second) / 4)
		stream = 3 * echo
	}
	variants := []*variant{
		between(t, "host to host", 1500, nothing),
		between(t, "containers, no encapsulation", 1500, routed),
		between(t, "VXLAN by hand", 1500, manual),
		between(t, "ours", 1500, product),
		between(t, "ours, underlay of MTU 9000", 9000, product),
	}
	for round := range turns() {
		for i := range variants {
			// Another order each round, and every other backwards: what goes
			// before must not favour anyone.
			if round%2 == 1 {
				i = len(variants) - 1 - i
			}
			variants[(i+round)%len(variants)].carry(t, stream, echo)
		}
	}
	tell(t, variants, variants[:3])
}

// tell prints a table, with ratios to each of base.
func tell(t *testing.T, variants, base []*variant) {
	var b strings.Builder
	fmt.Fprintf(&b, "medians of %d rounds, ratios of each round: TCP throughput per CPU second, and 1 / UDP round trip\n", len(variants[0].perCPU))
	fmt.Fprintf(&b, "%-30s %8s %7s %7s %7s %7s | %7s %7s %7s %7s %7s\n", "", "TCP", "", "x host", "x no", "x by", "UDP us", "", "x host", "x no", "x by")
	fmt.Fprintf(&b, "%-30s %8s %7s %7s %7s %7s | %7s %7s %7s %7s %7s\n", "", "Gb/CPUs", "Gb/s", "to host", "encaps.", "hand", "median", "p99", "to host", "encaps.", "hand")
	for _, v := range variants {
		fmt.Fprintf(&b, "%-30s %8.2f %7.2f", v.name, median(v.perCPU), median(v.rate))
		for _, o := range base {
			fmt.Fprintf(&b, " %7.2f", ratio(v.perCPU, o.perCPU))
		}
		fmt.Fprintf(&b, " | %7.1f %7.1f", median(v.p50), median(v.p99))
		for _, o := range base {
			fmt.Fprintf(&b, " %7.2f", ratio(o.p50, v.p50))
		}
		b.WriteByte('\n')
	}
	report(t, "%s", &b)
}

// A pair is two hosts at one cable.
type pair struct {
	hosts [2]*netnstest.Namespace
	mtu   int // of the underlay
}

var network = overlay.Network{Name: "bench", CIDR: netip.MustParsePrefix("10.42.0.0/16"), SubnetLength: 24, VNI: 7}

func underlayOf(host int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(1 + host)}) }

// between makes a variant: two hosts, and what join makes on them.
func between(t *testing.T, name string, mtu int, join func(*testing.T, pair) (ends [2]*netnstest.Namespace, address netip.Addr)) *variant {
	t.Helper()
	p := pair{[2]*netnstest.Namespace{netnstest.New(t, "host"), netnstest.New(t, "host")}, mtu}
	p.hosts[0].Cable("eth0", p.hosts[1], "eth0", mtu)
	for i, h := range p.hosts {
		h.Sh(fmt.Sprintf("ip addr add %s/24 dev eth0; ip link set eth0 up; echo 1 >/proc/sys/net/ipv4/ip_forward", underlayOf(i)))
	}
	ends, address := join(t, p)
	return &variant{name: name, from: ends[0], to: ends[1], address: address}
}

func nothing(_ *testing.T, p pair) ([2]*netnstest.Namespace, netip.Addr) {
	return p.hosts, underlayOf(1)
}

// routed has containers at a bridge, and a route to the other host's.
func routed(t *testing.T, p pair) (ends [2]*netnstest.Namespace, address netip.Addr) {
	for i, h := range p.hosts {
		h.Sh(fmt.Sprintf(`ip link add bridge0 type bridge; ip addr add %s/24 dev bridge0; ip link set bridge0 mtu %d up
			ip route add %s via %s`, overlay.Gateway(network.Subnet(i)), p.mtu, network.Subnet(1-i), underlayOf(1-i)))
	}
	return containers(t, p, "bridge0", p.mtu)
}

// manual is what a person makes who knows how, with rules that are ours.
func manual(t *testing.T, p pair) (ends [2]*netnstest.Namespace, address netip.Addr) {
	mtu := p.mtu - overlay.Overhead4
	for i, h := range p.hosts {
		own, other := network.Subnet(i), network.Subnet(1-i)
		h.Sh(fmt.Sprintf(`own=%s gateway=%s mtu=%d underlay=%s mac=02:00:00:00:00:0%d
			other=%s via=%s there=%s its=02:00:00:00:00:0%d
			ip link add ovl7 type bridge; ip addr add $gateway/24 dev ovl7; ip link set ovl7 mtu $mtu up
			ip link add vx7 address $mac type vxlan id 7 local $underlay dstport 4789 nolearning
			ip addr add $own/32 dev vx7; ip link set vx7 mtu $mtu up
			ip neigh add $via lladdr $its dev vx7 nud permanent
			bridge fdb add $its dev vx7 dst $there self permanent
			ip route add $other via $via dev vx7 onlink`,
			own.Addr(), overlay.Gateway(own), mtu, underlayOf(i), i, other, other.Addr(), underlayOf(1-i), 1-i))
		h.Sh(tableOf(t, i, p.mtu))
	}
	return containers(t, p, "ovl7", mtu)
}

// tableOf prints the commands that make a host's table.
func tableOf(t *testing.T, host, mtu int) string {
	w := wanted(t, host, mtu)
	var script strings.Builder
	for _, op := range overlay.Plan(overlay.WantNothing(network), overlay.State{Table: w.Table, Guard: w.Guard, Hosts: w.Hosts}) {
		for line := range strings.Lines(op.String()) {
			if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "nft "); ok {
				fmt.Fprintf(&script, "nft '%s'\n", rest)
			}
		}
	}
	return script.String()
}

// product is what the agent makes, by its own code.
func product(t *testing.T, p pair) (ends [2]*netnstest.Namespace, address netip.Addr) {
	for i, h := range p.hosts {
		want := wanted(t, i, p.mtu)
		var left []overlay.Op
		var err error
		h.Do(func() {
			var k *kernel.Kernel
			if k, err = kernel.Open(); err != nil {
				return
			}
			defer k.Close()
			keeper := kernel.NewKeeper(k, network, nil)
			if _, err = keeper.Audit(network.Subnet(i), want); err == nil {
				left, _, err = keeper.Check(network.Subnet(i), want)
			}
		})
		if err != nil || len(left) > 0 {
			t.Fatalf("host %d: %v, and %d operations are left to do", i+1, err, len(left))
		}
	}
	return containers(t, p, network.Bridge(), p.mtu-overlay.Overhead4)
}

func wanted(t *testing.T, host, mtu int) overlay.State {
	id := func(host int) string { return fmt.Sprint("machine-", host) }
	peer := overlay.Peer{Subnet: network.Subnet(1 - host), Underlay: underlayOf(1 - host), MAC: overlay.VxlanMAC(id(1-host), network.VNI)}
	s, err := overlay.Want(network, overlay.Host{Machine: id(host), Subnet: network.Subnet(host), Underlay: underlayOf(host), Interface: "eth0", MTU: mtu}, []overlay.Peer{peer})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// containers are one at the bridge of each host.
func containers(t *testing.T, p pair, bridge string, mtu int) (ends [2]*netnstest.Namespace, address netip.Addr) {
	for i, h := range p.hosts {
		c := netnstest.New(t, "host")
		gateway := overlay.Gateway(network.Subnet(i))
		h.Cable("veth0", c, "eth0", mtu)
		h.Sh(fmt.Sprintf("ip link set veth0 master %s up", bridge))
		address = gateway.Next()
		c.Sh(fmt.Sprintf("ip addr add %s/24 dev eth0; ip link set eth0 up; ip route add default via %s", address, gateway))
		ends[i] = c
	}
	return ends, address
}

// need skips a test without programs.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s is not installed (make test installs it)", p)
		}
	}
}

// cores are those of sender and receiver: two that differ, where there are.
var cores = [2]int{0, min(1, runtime.NumCPU()-1)}
