package serve

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/registry"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/local"
	"rundock/internal/registry/registrytest"
)

// limited is a client within limits of a server of a real etcd.
func limited(t *testing.T, limits Limits) (client *local.Client, e *etcdtest.Server, socket string) {
	t.Helper()
	e = etcdtest.Start(t, "embedded", nil)
	log := slog.New(slog.DiscardHandler)
	store, err := etcd.Open(etcd.Config{Endpoints: []string{e.URL}}, log)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "rundock") // a socket's name has 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	private := filepath.Join(dir, "private")
	all, err := Listen(filepath.Join(dir, "store.sock"), private)
	if err != nil {
		t.Fatal(err)
	}
	socket = filepath.Join(dir, "page.sock")
	few, err := ListenFor(os.Getgid(), socket, private)
	if err != nil {
		t.Fatal(err)
	}
	server := New(store, filepath.Join(private, "etcd.json"), log)
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 2)
	go func() { over <- server.RunLimited(ctx, few, limits) }()
	go func() { over <- server.Run(ctx, all) }()
	client = local.Open(socket, log)
	t.Cleanup(func() {
		client.Close()
		cancel()
		for range 2 {
			if err := <-over; err != nil {
				t.Error(err)
			}
		}
		store.Close()
		os.RemoveAll(dir)
	})
	return client, e, socket
}

func TestRunLimited_reads_and_writes_what_it_may_and_no_more(t *testing.T) {
	c, e, socket := limited(t, Limits{Reads: []string{"/state/"}, Writes: []string{"/wish/", "/names"}})
	e.Put("/state/akira", "ready", 0)
	e.Put("/key", "secret", 0)
	info, err := os.Stat(socket)
	if err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("the socket: %v, %v, want mode 0660", info, err)
	}
	ctx := t.Context()
	for _, swaps := range [][]registry.Swap{
		{{Key: "/wish/akira", New: []byte("running")}},
		{{Key: "/names", New: []byte("akira")}, {Key: "/wish/kei", New: []byte("running"), Absent: []string{"/state/kei"}}},
	} {
		if done, err := c.Transact(ctx, swaps); err != nil || !done {
			t.Errorf("%v: %v, %v", registry.KeysOf(swaps), done, err)
		}
	}
	if found, err := c.Read(ctx, []string{"/state/akira", "/wish/akira"}); err != nil || string(found[0].Value) != "ready" || string(found[1].Value) != "running" {
		t.Errorf("Read = %v, %v", found, err)
	}
	if listed, _, err := c.List(ctx, "/wish/"); err != nil || len(listed) != 2 {
		t.Errorf("List = %v, %v", listed, err)
	}
	f := registrytest.Follow(t, c, "/state/")
	await.True(t, "the state is followed", f.Has(map[string]string{"/state/akira": "ready"}))

	for claim, try := range map[string]func() error{
		"a read": func() error { _, err := c.Read(ctx, []string{"/state/akira", "/key"}); return err },
		"a list": func() error { _, _, err := c.List(ctx, "/"); return err },
		"a write": func() error {
			_, err := c.Swap(ctx, registry.Swap{Key: "/state/akira", Old: []byte("ready")})
			return err
		},
		"one of two": func() error {
			_, err := c.Transact(ctx, []registry.Swap{{Key: "/wish/x", New: []byte("1")}, {Key: "/key", New: []byte("1")}})
			return err
		},
		"an absent key": func() error {
			_, err := c.Swap(ctx, registry.Swap{Key: "/wish/x", New: []byte("1"), Absent: []string{"/key"}})
			return err
		},
		"a lease's time":   func() error { _, err := c.Left(ctx, "1"); return err },
		"a key of no part": func() error { _, err := c.Read(ctx, []string{"/wish"}); return err },
	} {
		if err := try(); err == nil || !strings.Contains(err.Error(), "not for clients that are not root") {
			t.Errorf("%s beyond the limits: %v", claim, err)
		}
	}
	keys, err := e.Keys(ctx, "/")
	if err != nil || keys["/state/akira"] != "ready" || keys["/key"] != "secret" || keys["/wish/x"] != "" {
		t.Errorf("the store has %v, %v", keys, err)
	}
}

func TestRunLimited_gives_no_lease_and_no_watch_beyond_limits(t *testing.T) {
	c, _, _ := limited(t, Limits{Reads: []string{"/state/"}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	said := make(chan error, 100)
	go c.Watch(ctx, "/key", func(registry.Batch) { t.Error("a batch came") }, func(err error) {
		select {
		case said <- err:
		default:
		}
	})
	if err := <-said; err == nil || !strings.Contains(err.Error(), "/key is not for clients") {
		t.Errorf("Watch says %v", err)
	}
	lease, err := c.NewLease(registry.MinLease)
	if err != nil {
		t.Fatal(err)
	}
	go lease.Run(ctx)
	held := make(chan registry.HoldState, 100)
	go lease.Hold(ctx, []registry.Item{registrytest.Item("m1/web", "a")}, func(s registry.HoldState) {
		select {
		case held <- s:
		default:
		}
	})
	await.True(t, "the hold says why not", func() bool { return strings.Contains((<-held).Reason, "not for clients") })
}
