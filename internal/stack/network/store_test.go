package network

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"rundock/internal/await"
	"rundock/internal/overlay"
	"rundock/internal/overlay/roster"
	"rundock/internal/registry"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/stack"
)

func TestMain(m *testing.M) { etcdtest.Main(m) }

func connect(t *testing.T, server *etcdtest.Server) registry.Store {
	t.Helper()
	store, err := etcd.Open(etcd.Config{Endpoints: []string{server.URL}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	await.Nil(t, "the store answers", func() error { _, err := Read(t.Context(), store); return err })
	return store
}

// TestTake_at_one_time has forty stacks take and keep networks at once: none gets what
// another one has, and in the end nothing is left.
func TestTake_at_one_time(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	var stacks []stack.Stack
	for i := range 40 {
		stacks = append(stacks, of(fmt.Sprintf("s%d", i), "front", "back", "common name=common"))
	}
	store := connect(t, server)
	each := func(do func(s stack.Stack) error) {
		var all sync.WaitGroup
		for _, s := range stacks {
			all.Go(func() {
				if err := do(s); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	each(func(s stack.Stack) error {
		has, err := Take(t.Context(), store, DefaultPool, s, nil)
		if err == nil && len(has) != 3 {
			err = fmt.Errorf("%s has %v, want three networks", s.Name, has)
		}
		return err
	})
	l, err := Read(t.Context(), store)
	if err != nil || len(l.Networks) != 81 || len(l.Networks["common"].Stacks) != 40 {
		t.Fatalf("%d networks, %v, common is of %v; want 81, of 40 stacks", len(l.Networks), err, l.Networks["common"].Stacks)
	}
	subnets, vnis := map[netip.Prefix]bool{}, map[uint32]bool{}
	for _, c := range l.Networks {
		subnets[c.Subnet], vnis[c.VNI] = true, true
	}
	if len(subnets) != 81 || len(vnis) != 81 {
		t.Errorf("81 networks have %d subnets and %d VNIs", len(subnets), len(vnis))
	}
	if err := Keep(t.Context(), store, "s0"); err != nil {
		t.Fatal(err)
	}
	if l, err := Read(t.Context(), store); err != nil || len(l.Networks) != 79 || len(l.Networks["common"].Stacks) != 39 {
		t.Errorf("without s0: %d networks, %v, common is of %v; want 79, of 39 stacks", len(l.Networks), err, l.Networks["common"].Stacks)
	}
	each(func(s stack.Stack) error { return Keep(t.Context(), store, s.Name) })
	if l, err := Read(t.Context(), store); err != nil || len(l.Networks) != 0 {
		t.Errorf("at the end there is %v, %v", l.Networks, err)
	}
}

func TestTake_leaves_the_inventory_its_own(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	store := connect(t, server)
	apps, err := json.Marshal(overlay.Network{Name: "apps", CIDR: netip.MustParsePrefix("10.192.0.0/16"), SubnetLength: 24, VNI: 100001})
	if err != nil {
		t.Fatal(err)
	}
	server.Put(roster.Prefix("apps")+"config", string(apps), 0)
	has, err := Take(t.Context(), store, DefaultPool, of("shop", "default"), nil)
	if got := has["default"]; err != nil || got.Subnet.String() != "10.193.0.0/20" || got.VNI != 100002 {
		t.Errorf("Take = %v, %v; want the first that apps leaves", has, err)
	}
	if _, err := Take(t.Context(), store, DefaultPool, of("blog", "x name=apps"), nil); err == nil || !strings.Contains(err.Error(), "networks of stack blog: network x: apps is an overlay network of the inventory") {
		t.Errorf("Take of apps itself = %v", err)
	}
	server.Put(Key, `{"version":2}`, 0)
	if _, err := Take(t.Context(), store, DefaultPool, of("shop", "default"), nil); err == nil || !strings.Contains(err.Error(), "/rundock/v1/networks: version is 2, this release reads 1") {
		t.Errorf("Take from a ledger of another release = %v", err)
	}
}
