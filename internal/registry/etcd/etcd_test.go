package etcd

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"rundock/internal/await"
	"rundock/internal/registry/etcdtest"
)

const testLease = 5 * time.Second

func TestMain(m *testing.M) { etcdtest.Main(m) }

// eachEtcd runs test against every server there is here.
func eachEtcd(t *testing.T, test func(t *testing.T, server *etcdtest.Server)) {
	for _, kind := range etcdtest.Kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, etcdtest.Start(t, kind, nil))
		})
	}
}

func open(t *testing.T, server *etcdtest.Server, cfg Config) *Client {
	t.Helper()
	cfg.Endpoints = []string{server.URL}
	client, err := Open(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// patient is open for tests of what etcd answers, where it does not matter how
// soon a busy machine has it answer.
func patient(t *testing.T, server *etcdtest.Server) *Client {
	t.Helper()
	client := open(t, server, Config{})
	client.timeout = await.Deadline
	return client
}

func put(t *testing.T, etcd *clientv3.Client, key, value string) {
	t.Helper()
	must(t, func(ctx context.Context) error { _, err := etcd.Put(ctx, key, value); return err })
}

func remove(t *testing.T, etcd *clientv3.Client, key string) {
	t.Helper()
	must(t, func(ctx context.Context) error { _, err := etcd.Delete(ctx, key); return err })
}

// must makes call until it succeeds: a server just started may need a moment.
func must(t *testing.T, call func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), await.Deadline)
	defer cancel()
	for {
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second) // the next one may reach another member
		err := call(attempt)
		cancel()
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func contains(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s = %q, want it to name %q", what, text, part)
		}
	}
}
