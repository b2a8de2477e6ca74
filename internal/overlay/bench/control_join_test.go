package bench

import (
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/overlay"
	"rundock/internal/overlay/overlaytest/agentsite"
	"rundock/internal/overlay/roster"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
)

// client is one of the store, as a host has it.
func client(t *testing.T, url string) *etcd.Client {
	t.Helper()
	c, err := etcd.Open(etcd.Config{Endpoints: []string{url}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestControl_join measures how long it takes hosts that come at once, each
// with its own connection, to all have a subnet, in a network of 256.
func TestControl_join(t *testing.T) {
	hosts := 20
	if *earnest {
		hosts = 200
	}
	n := overlay.Network{Name: "apps", CIDR: netip.MustParsePrefix("10.42.0.0/16"), SubnetLength: 24, VNI: 7}
	var took []float64
	for round := range min(turns(), 3) {
		store := etcdtest.Start(t, "embedded", nil)
		var all []*roster.Roster
		for i := range hosts {
			all = append(all, &roster.Roster{
				Client: client(t, store.URL), Network: n, Log: slog.New(slog.DiscardHandler),
				Self: roster.Member{ID: fmt.Sprintf("machine-%d-%d", round, i), Host: fmt.Sprint("node-", i), Underlay: agentsite.Underlay(i), MAC: overlay.VxlanMAC(fmt.Sprint(i), n.VNI)},
			})
		}
		await.Nil(t, "etcd, which was just started, answers", func() error { return all[0].Agree(t.Context()) })
		var mu sync.Mutex
		owner := map[netip.Prefix]string{}
		var wg sync.WaitGroup
		began := time.Now()
		for _, r := range all {
			wg.Go(func() {
				for {
					err := r.Agree(t.Context())
					var subnet netip.Prefix
					if err == nil {
						subnet, err = r.Reserve(t.Context(), netip.Prefix{})
					}
					if err != nil {
						time.Sleep(time.Second) // as an agent does
						continue
					}
					mu.Lock()
					defer mu.Unlock()
					if other, taken := owner[subnet]; taken {
						t.Errorf("%s and %s have %s", other, r.Self.ID, subnet)
					}
					owner[subnet] = r.Self.ID
					return
				}
			})
		}
		wg.Wait()
		took = append(took, milliseconds(time.Since(began)))
		if len(owner) != hosts {
			t.Errorf("%d hosts have %d subnets", hosts, len(owner))
		}
	}
	report(t, "%d hosts that join at once have all a subnet of their agentsite.Own: after %.0f ms", hosts, median(took))
}
