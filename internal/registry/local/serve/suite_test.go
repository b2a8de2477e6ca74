package serve

import (
	"context"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	clientv3 "go.etcd.io/etcd/client/v3"

	"rundock/internal/await"
	"rundock/internal/registry"
	"rundock/internal/registry/consul"
	"rundock/internal/registry/consultest"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/local"
	"rundock/internal/registry/registrytest"
)

// TestStore runs the suite of all stores over a server before etcd, and before
// Consul.
func TestStore(t *testing.T) {
	t.Run("etcd", func(t *testing.T) {
		t.Parallel()
		registrytest.Run(t, func(t *testing.T) registrytest.Server {
			server := etcdtest.Start(t, "embedded", nil)
			return etcdBehind{server, front{serveHere(t, openEtcd(t, server.URL))}, server.Admin()}
		})
	})
	t.Run("consul", func(t *testing.T) {
		t.Parallel()
		consultest.Path(t)
		registrytest.Run(t, func(t *testing.T) registrytest.Server {
			server := consultest.Start(t, nil)
			return consulBehind{server, front{serveHere(t, openConsul(t, server.URL))}, server.Admin("")}
		})
	})
}

var quietLog = slog.New(slog.DiscardHandler)

func openEtcd(t *testing.T, url string) Store {
	t.Helper()
	store, err := etcd.Open(etcd.Config{Endpoints: []string{url}}, quietLog)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func openConsul(t *testing.T, url string) Store {
	t.Helper()
	store, err := consul.Open(consul.Config{Address: url}, quietLog)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// folder is a short one: the path of a socket has 107 bytes.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "store")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// serveHere serves store within this process until the test ends, and returns the
// socket.
func serveHere(t *testing.T, store Store) (socket string) {
	t.Helper()
	dir := folder(t)
	socket = filepath.Join(dir, "store.sock")
	l, err := Listen(socket, filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	server := New(store, filepath.Join(dir, "store/held.json"), quietLog)
	go func() { done <- server.Run(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v, want nil once its context is done", err)
		}
		store.Close()
	})
	return socket
}

// front is what clients see of a server.
type front struct{ socket string }

func (f front) Open(t *testing.T) registry.Store {
	client := local.Open(f.socket, quietLog)
	t.Cleanup(func() { client.Close() })
	return client
}

// etcdBehind is a registrytest.Server.
type etcdBehind struct {
	*etcdtest.Server
	front
	admin *clientv3.Client
}

func (s etcdBehind) Patient(t *testing.T) registry.Store { return s.Open(t) }
func (s etcdBehind) Address() string                     { return host(s.URL) }
func (s etcdBehind) Lease() time.Duration                { return registry.MinLease }
func (s etcdBehind) Expiry() time.Duration               { return registry.MinLease }

func (s etcdBehind) Put(t *testing.T, key, value string) {
	t.Helper()
	must(t, func(ctx context.Context) error { _, err := s.admin.Put(ctx, key, value); return err })
}

func (s etcdBehind) Delete(t *testing.T, key string) {
	t.Helper()
	must(t, func(ctx context.Context) error { _, err := s.admin.Delete(ctx, key); return err })
}

func (s etcdBehind) Get(t *testing.T, key string) (value string, exists bool) {
	t.Helper()
	must(t, func(ctx context.Context) error {
		resp, err := s.admin.Get(ctx, key)
		if err == nil && len(resp.Kvs) > 0 {
			value, exists = string(resp.Kvs[0].Value), true
		}
		return err
	})
	return value, exists
}

func (s etcdBehind) EndLease(t *testing.T, lease string) {
	t.Helper()
	must(t, func(ctx context.Context) error { return openEtcd(t, s.URL).Revoke(ctx, lease) })
}

func (s etcdBehind) Leases(t *testing.T) (n int) {
	t.Helper()
	must(t, func(ctx context.Context) error {
		resp, err := s.admin.Leases(ctx)
		if err == nil {
			n = len(resp.Leases)
		}
		return err
	})
	return n
}

// consulBehind is a registrytest.Server.
type consulBehind struct {
	*consultest.Server
	front
	admin *api.Client
}

func (s consulBehind) Patient(t *testing.T) registry.Store { return s.Open(t) }
func (s consulBehind) Address() string                     { return host(s.URL) }
func (s consulBehind) Lease() time.Duration                { return 10 * time.Second }
func (s consulBehind) Expiry() time.Duration               { return 20 * time.Second }

func (s consulBehind) Put(t *testing.T, key, value string) {
	t.Helper()
	must(t, func(ctx context.Context) error {
		_, err := s.admin.KV().Put(&api.KVPair{Key: native(key), Value: []byte(value)}, (&api.WriteOptions{}).WithContext(ctx))
		return err
	})
}

func (s consulBehind) Delete(t *testing.T, key string) {
	t.Helper()
	must(t, func(ctx context.Context) error {
		_, err := s.admin.KV().Delete(native(key), (&api.WriteOptions{}).WithContext(ctx))
		return err
	})
}

func (s consulBehind) Get(t *testing.T, key string) (value string, exists bool) {
	t.Helper()
	must(t, func(ctx context.Context) error {
		pair, _, err := s.admin.KV().Get(native(key), (&api.QueryOptions{RequireConsistent: true}).WithContext(ctx))
		if err == nil && pair != nil {
			value, exists = string(pair.Value), true
		}
		return err
	})
	return value, exists
}

func (s consulBehind) EndLease(t *testing.T, lease string) {
	t.Helper()
	must(t, func(ctx context.Context) error {
		_, err := s.admin.Session().Destroy(lease, (&api.WriteOptions{}).WithContext(ctx))
		return err
	})
}

func (s consulBehind) Leases(t *testing.T) (n int) {
	t.Helper()
	must(t, func(ctx context.Context) error {
		all, _, err := s.admin.Session().List((&api.QueryOptions{RequireConsistent: true}).WithContext(ctx))
		n = len(all)
		return err
	})
	return n
}

func native(key string) string { return strings.TrimPrefix(key, "/") }

func host(address string) string {
	u, _ := url.Parse(address)
	return u.Host
}

func must(t *testing.T, call func(context.Context) error) {
	t.Helper()
	await.Nil(t, "the store answers", func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		return call(ctx)
	})
}
