package overlay

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestMonitor_tells_of_tampering_and_not_of_everyday_life(t *testing.T) {
	c := newCluster(t, 2, false, apps)
	h := c.hosts[0]
	from, to := h.container(apps, 10), c.hosts[1].container(apps, 10)
	reaches(t, from.namespace, to.namespace, to.address, from.address)
	var m *Monitor
	var err error
	h.do(func() { m, err = OpenMonitor() })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	told, done := make(chan bool, 1000), make(chan error, 1)
	go func() { done <- m.Run(ctx, func() { told <- true }) }()
	for range 20 {
		reaches(t, from.namespace, to.namespace, to.address, from.address)
	}
	h.sh("ip neigh replace 192.0.2.77 lladdr 02:00:00:00:00:77 dev eth0 nud reachable")
	select {
	case <-told:
		t.Error("traffic is taken for tampering")
	case <-time.After(200 * time.Millisecond):
	}
	for _, script := range []string{"ip route del 10.42.2.0/24 dev vx7", "ip neigh del 10.42.2.0 dev vx7", "ip addr flush dev ovl7", "nft flush table ip rundock_ovl7",
		"ip link set vx7 down", "ip link del vx7", "ip link del ovl7"} {
		if strings.HasPrefix(script, "nft") {
			tool(t, "nft")
		}
		for len(told) > 0 {
			<-told
		}
		h.sh(script)
		select {
		case <-told:
		case <-time.After(patience):
			t.Errorf("the monitor does not tell of %s", script)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
}
