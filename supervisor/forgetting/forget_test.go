package forgetting

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/registry"
	"rundock/internal/registry/consul"
	"rundock/internal/registry/consultest"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
)

func TestMain(m *testing.M) { etcdtest.Main(m) }

// put writes keys without a lease.
func put(t *testing.T, store registry.Store, keys map[string]string) {
	t.Helper()
	await.Nil(t, "the store answers", func() error {
		_, err := store.Read(t.Context(), []string{"/x"})
		return err
	})
	for key, value := range keys {
		if _, err := store.Swap(t.Context(), registry.Swap{Key: key, New: []byte(value)}); err != nil {
			t.Fatal(err)
		}
	}
}

// hold has a record of node-2 held under a lease, until end is called: with the cause ErrHandOver
// the record goes with the lease, as that of a host without power.
func hold(t *testing.T, store registry.Store, ttl time.Duration) (end func(cause error)) {
	t.Helper()
	lease, err := store.NewLease(ttl)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	held, ended := make(chan bool, 1), make(chan bool, 2)
	go func() { lease.Run(ctx); ended <- true }()
	item := registry.Item{Key: "/skydns/com/example/s/web/node-2", Value: []byte(`{"host":"10.0.0.2","port":80,"id":"m2/web"}`), ID: "m2/web"}
	go func() {
		lease.Hold(ctx, []registry.Item{item}, func(s registry.HoldState) {
			if s.Held {
				held <- true
			}
		})
		ended <- true
	}()
	<-held
	end = func(cause error) { cancel(cause); <-ended; <-ended }
	t.Cleanup(func() { cancel(nil) })
	return end
}

// What has no lease, of the host that leaves and of another.
var unleased = map[string]string{
	"/rundock/v1/loadbalancers/node-2":              `{"id":"m2/balance","services":["web"]}`,
	"/rundock/v1/loadbalancers/node-1":              `{"id":"m1/balance","services":["web"]}`,
	"/rundock/v1/overlay/apps/config":               `{"name":"apps","cidr":"10.42.0.0/16","subnet_length":24,"vni":7,"by":"node-2"}`,
	"/rundock/v1/overlay/apps/subnets/10.42.2.0-24": `{"id":"m2","host":"node-2","subnet":"10.42.2.0/24","underlay":"10.0.0.2"}`,
	"/skydns/com/example/s/old/node-2":              `{"host":"10.0.0.2","port":80}`,
}

func testForget(t *testing.T, store registry.Store, ttl time.Duration) {
	put(t, store, unleased)
	run := func(f forgetting) (said, remarks string, err error) {
		t.Helper()
		var out, notes strings.Builder
		f.store, f.own, f.out, f.remarks = store, true, &out, &notes
		err = f.run(t.Context())
		return out.String(), notes.String(), err
	}
	keys := func() (all []string) {
		t.Helper()
		found, err := list(t.Context(), store)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range found {
			all = append(all, k.Key)
		}
		return all
	}
	end := hold(t, store, ttl)
	before := fmt.Sprint(keys())
	said, _, err := run(forgetting{host: "node-2"})
	if refused := refusal(""); !errors.As(err, &refused) || !strings.Contains(err.Error(), "node-2 lives") || !strings.Contains(err.Error(), "record node-2.web.s.example.com") || said != "" {
		t.Errorf("of a host that lives: %q, %v", said, err)
	}
	if after := fmt.Sprint(keys()); after != before {
		t.Errorf("of a host that lives it took keys away:\n%s\n%s", before, after)
	}
	end(registry.ErrHandOver) // its power is gone
	const would = "place among the load balancers of node-2 would be free\nsubnet 10.42.2.0/24 of network apps of node-2 would be free\n"
	sorted := func(s string) string {
		lines := strings.SplitAfter(s, "\n")
		if len(lines) > 1 && lines[0] > lines[1] {
			lines[0], lines[1] = lines[1], lines[0]
		}
		return strings.Join(lines, "")
	}
	if said, _, err := run(forgetting{host: "node-2", check: true}); err != nil || sorted(said) != would {
		t.Errorf("check: %q, %v, want %q", said, err, would)
	}
	want := strings.ReplaceAll(would, "would be", "is") + "network apps has no host any more, and its settings are free as well\n"
	if said, _, err := run(forgetting{host: "node-2"}); err != nil || len(said) != len(want) || !strings.Contains(said, "place among the load balancers of node-2 is free\n") {
		t.Errorf("it says %q, %v, want %q", said, err, want)
	}
	if left := fmt.Sprint(keys()); left != "[/skydns/com/example/s/old/node-2 /rundock/v1/loadbalancers/node-1]" {
		t.Errorf("left are %s", left)
	}
	for _, check := range []bool{true, false} {
		if said, remarks, err := run(forgetting{host: "node-2", check: check}); err != nil || said != "" || !strings.Contains(remarks, "the store has nothing of node-2; hosts of which it has: node-1") {
			t.Errorf("again: %q, %q, %v", said, remarks, err)
		}
	}

	end = hold(t, store, ttl)
	if said, _, err := run(forgetting{host: "node-2", force: true}); err != nil || said != "record node-2.web.s.example.com of node-2 is free\n" {
		t.Errorf("by force: %q, %v", said, err)
	}
	end(nil)
}

func TestForget_in_etcd(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	store, err := etcd.Open(etcd.Config{Endpoints: []string{server.URL}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	testForget(t, store, registry.MinLease)
}

func TestForget_in_Consul(t *testing.T) {
	if os.Getenv("RUNDOCK_SLOW") == "" {
		t.Skip("slow: Consul's leases take half a minute to end; RUNDOCK_SLOW=1 runs it")
	}
	server := consultest.Start(t, nil)
	store, err := consul.Open(consul.Config{Address: server.URL}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	testForget(t, store, 10*time.Second)
}

func TestForget_names_a_store_that_is_away(t *testing.T) {
	store, err := etcd.Open(etcd.Config{Endpoints: []string{"http://127.0.0.1:1"}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	f := forgetting{store: store, host: "node-2", out: new(strings.Builder), remarks: new(strings.Builder)}
	if err := f.run(t.Context()); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("err = %v", err)
	}
}
