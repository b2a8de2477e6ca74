package overlayagent

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"rundock/internal/netnstest"
	"rundock/internal/overlay"
	"rundock/internal/overlay/roster"
	"rundock/supervisor/overlayhost"
)

// learner is an agent that has a subnet, and leaves the kernel alone.
func learner(t *testing.T, log *bytes.Buffer) *agent {
	t.Helper()
	var p overlayhost.Place
	p.Settings.Network = overlay.Network{Name: "apps", CIDR: netip.MustParsePrefix("10.42.0.0/16"), SubnetLength: 24, VNI: 42}
	p.Machine, p.Underlay = "machine-0", overlay.Underlay{Interface: "eth0", Address: netip.MustParseAddr("192.0.2.1"), MTU: 1500}
	a := newAgent(p, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
				return slog.Attr{}
			}
			return a
		},
	})))
	a.saved.dir = t.TempDir()
	var err error
	if a.kernel.wanted, err = a.Place.Wanted(overlayhost.SavedState{Subnet: a.Settings.Subnet(0)}); err != nil {
		t.Fatal(err)
	}
	netnstest.New(t, "host").Do(func() { a.paths.prober, err = a.paths.open(a.Underlay.Address, nil) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.paths.close)
	return a
}

// node is host i of the network.
func node(i int) *roster.Member {
	return &roster.Member{
		ID: fmt.Sprintf("machine-%d", i), Host: fmt.Sprintf("node-%d", i), Subnet: netip.MustParsePrefix(fmt.Sprintf("10.42.%d.0/24", i)),
		Underlay: netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", 10+i)), MAC: overlay.VxlanMAC(fmt.Sprintf("machine-%d", i), 42),
	}
}

// What is kept on disk is all that is known without a store.
func TestLearn_keeps_the_names_of_hosts(t *testing.T) {
	var log bytes.Buffer
	a := learner(t, &log)
	dir := t.TempDir()
	kept := func() (names []string) {
		t.Helper()
		if err := overlayhost.SavedOf(a.Settings, a.kernel.wanted).Save(dir, "apps"); err != nil {
			t.Fatal(err)
		}
		known, err := overlayhost.ReadSaved(dir, a.Settings.Network)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range known.Peers {
			names = append(names, p.Host)
		}
		return names
	}
	nameless, two := node(1).Peer(), node(2)
	nameless.Host = "" // as another release kept it
	a.change(map[netip.Prefix]*overlay.Peer{nameless.Subnet: &nameless})
	a.saved.stale.Store(false)
	a.learn(roster.View{Complete: true, Peers: map[netip.Prefix]*roster.Member{node(1).Subnet: node(1), two.Subnet: two}})
	if got := strings.Join(kept(), " "); got != "node-1 node-2" || !a.saved.stale.Load() {
		t.Errorf("the names that are kept are %q, and that there is something to keep is %v", got, a.saved.stale.Load())
	}
	two.Host = "node-two"
	a.saved.stale.Store(false)
	a.learn(roster.View{Peers: map[netip.Prefix]*roster.Member{two.Subnet: two}})
	if got := strings.Join(kept(), " "); got != "node-1 node-two" || !a.saved.stale.Load() {
		t.Errorf("after a host was renamed the names are %q, and that there is something to keep is %v", got, a.saved.stale.Load())
	}
}

// A host that reserves its subnet, and whose entry is written over before it hears that it did, is not in the
// network with another one's subnet.
func TestTakeSubnet_leaves_to_another_host_what_it_has_since(t *testing.T) {
	var log bytes.Buffer
	a := learner(t, &log)
	own, other := a.kernel.wanted.Subnet(), node(1)
	other.Subnet = own
	fenced := func(want bool, when string) {
		t.Helper()
		if err := a.takeSubnet(own); err != nil || a.kernel.wanted.Fenced() != want {
			t.Errorf("%s: %v, fenced is %v, want %v", when, err, !want, want)
		}
	}
	a.learn(roster.View{Complete: true})
	a.learn(roster.View{Peers: map[netip.Prefix]*roster.Member{own: other}})
	fenced(true, "another host has it")
	a.learn(roster.View{Peers: map[netip.Prefix]*roster.Member{node(2).Subnet: node(2)}})
	fenced(true, "of a third host something was learned")
	a.learn(roster.View{Peers: map[netip.Prefix]*roster.Member{own: nil}})
	fenced(false, "the other one has left")
	a.yield(*other)
	fenced(false, "what it yielded to is over")
}
