package overlayagent

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"rundock/internal/container"
	"rundock/internal/netnstest"
	"rundock/internal/overlay"
)

// TestInside_of_a_container_is_looked_at_again: it was in this network alone
// when it was started, and may be in others by now.
func TestInside_of_a_container_is_looked_at_again(t *testing.T) {
	c := netnstest.New(t, "container")
	c.Sh(`ip link add eth0 type veth peer name host0; ip link set host0 up; ip link set eth0 up
		ip addr add 10.42.3.2/24 dev eth0; ip route add default via 10.42.3.1`)
	putBack := 0
	d := &dockerSync{
		log: slog.New(slog.DiscardHandler), healed: func() { putBack++ },
		network: overlay.Network{Name: "apps", CIDR: netip.MustParsePrefix("10.42.0.0/16"), SubnetLength: 24, VNI: 42},
	}
	ends := []container.Endpoint{{ID: "e1", Address: netip.MustParseAddr("10.42.3.2"), Name: "web"}}
	known := map[string]answering{"e1": {done: true, sandbox: c.Path()}}
	look := func(healed int) {
		t.Helper()
		var starting bool
		known, starting = d.routeContainers(t.Context(), netip.MustParsePrefix("10.42.3.0/24"), ends, known)
		if starting || putBack != healed {
			t.Errorf("starting %v, %d routes put back, want %d", starting, putBack, healed)
		}
		if got := strings.TrimSpace(c.Sh("ip -o route show proto 82")); got != "10.42.0.0/16 via 10.42.3.1 dev eth0" {
			t.Errorf("its routes are %q", got)
		}
	}
	look(1)
	look(1)
	c.Sh(`ip link add eth1 type veth peer name host1; ip link set host1 up; ip link set eth1 up; ip addr add 10.43.3.2/24 dev eth1
		ip route replace default via 10.43.3.1; ip route flush proto 82`)
	look(2)
}

// TestDocker_is_asked_again_after_a_pause: a network that dockerd refuses to make touches
// the bridge, and each look at that gives another token.
func TestDocker_is_asked_again_after_a_pause(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix://"+t.TempDir()+"/docker.sock")
	client, err := container.Open()
	if err != nil {
		t.Fatal(err)
	}
	subnet := netip.MustParsePrefix("10.42.3.0/24")
	d := &dockerSync{
		log: slog.New(slog.DiscardHandler), client: client, due: make(chan struct{}, 1), parts: make(chan dockerPart),
		network: overlay.Network{Name: "apps", CIDR: netip.MustParsePrefix("10.42.0.0/16"), SubnetLength: 24, VNI: 42},
		bridge:  func() (netip.Prefix, int, bool) { return subnet, 1450, true },
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); d.run(ctx) }()
	defer func() { cancel(); <-ended }()
	poke(d.due)
	for range 2 {
		if part := <-d.parts; part.missing == nil {
			t.Fatal("it is there without a dockerd")
		}
		poke(d.due)
	}
	if part := <-d.parts; part.missing == nil || len(d.due) != 1 {
		t.Errorf("%v: a token was taken before the pause was over, %d are left", part.missing, len(d.due))
	}
}
