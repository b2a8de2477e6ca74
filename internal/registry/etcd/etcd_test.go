package etcd

import (
	"context"
	"log/slog"
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
	await.Nil(t, "etcd answers", func() error {
		attempt, cancel := context.WithTimeout(t.Context(), 5*time.Second) // the next one may reach another member
		defer cancel()
		return call(attempt)
	})
}
