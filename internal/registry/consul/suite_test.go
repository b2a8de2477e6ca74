package consul

import (
	"context"
	"flag"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"rundock/internal/await"
	"rundock/internal/registry"
	"rundock/internal/registry/consultest"
	"rundock/internal/registry/registrytest"
)

func TestMain(m *testing.M) {
	// The tests mostly wait for sessions and servers, not for the processor.
	flag.Set("test.parallel", "8")
	os.Exit(m.Run())
}

// TestStore runs the suite of all stores over Consul.
func TestStore(t *testing.T) {
	consultest.Path(t)
	registrytest.Run(t, func(t *testing.T) registrytest.Server {
		server := consultest.Start(t, nil)
		return tampered{server, server.Admin("")}
	})
}

func open(t *testing.T, cfg Config) *Client {
	t.Helper()
	client, err := Open(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// tampered is a registrytest.Server.
type tampered struct {
	*consultest.Server
	admin *api.Client
}

func (s tampered) Open(t *testing.T) registry.Store { return open(t, Config{Address: s.URL}) }

func (s tampered) Patient(t *testing.T) registry.Store {
	client := open(t, Config{Address: s.URL})
	client.timeout = await.Deadline
	return client
}

func (s tampered) Address() string       { return strings.TrimPrefix(s.URL, "http://") }
func (s tampered) Lease() time.Duration  { return shortest }
func (s tampered) Expiry() time.Duration { return 2 * shortest }

func (s tampered) Put(t *testing.T, key, value string) {
	t.Helper()
	must(t, func(ctx context.Context) error {
		_, err := s.admin.KV().Put(&api.KVPair{Key: native(key), Value: []byte(value)}, (&api.WriteOptions{}).WithContext(ctx))
		return err
	})
}

func (s tampered) Delete(t *testing.T, key string) {
	t.Helper()
	must(t, func(ctx context.Context) error {
		_, err := s.admin.KV().Delete(native(key), (&api.WriteOptions{}).WithContext(ctx))
		return err
	})
}

func (s tampered) Get(t *testing.T, key string) (value string, exists bool) {
	t.Helper()
	must(t, func(ctx context.Context) error {
		pair, _, err := s.admin.KV().Get(native(key), consistently(ctx))
		if err == nil && pair != nil {
			value, exists = string(pair.Value), true
		}
		return err
	})
	return value, exists
}

func (s tampered) EndLease(t *testing.T, lease string) {
	t.Helper()
	must(t, func(ctx context.Context) error {
		_, err := s.admin.Session().Destroy(lease, (&api.WriteOptions{}).WithContext(ctx))
		return err
	})
}

func (s tampered) Leases(t *testing.T) (n int) {
	t.Helper()
	must(t, func(ctx context.Context) error {
		all, _, err := s.admin.Session().List(consistently(ctx))
		n = len(all)
		return err
	})
	return n
}

// must makes call until it succeeds: a server just started needs a moment.
func must(t *testing.T, call func(context.Context) error) {
	t.Helper()
	await.Nil(t, "Consul answers", func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		return call(ctx)
	})
}
