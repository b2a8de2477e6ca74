package storeagent

import (
	"context"
	"os"
	"os/user"
	"strconv"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/hostconfig"
	"rundock/internal/preview"
	"rundock/internal/preview/ledger"
	"rundock/internal/registry"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/local"
	"rundock/internal/registry/open"
)

func TestThePageOfPreviewsWritesWishesAndNoRoutes(t *testing.T) {
	e := etcdtest.Start(t, "embedded", nil)
	dir := folder(t)
	host := hostconfig.Config{Version: 1, Host: "node-1", Domain: "example.com", Label: "s", Etcd: hostconfig.Etcd{Endpoints: []string{e.URL}}}
	s, err := serveOne(host, "etcd", dir, quietLog)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := user.LookupGroupId(strconv.Itoa(os.Getgid()))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	go func() { done <- s.server.Run(ctx, s.listener) }()
	go func() { s.servePages(ctx, ours.Name, quietLog); done <- nil }()
	defer func() {
		cancel()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		s.close()
	}()
	socket := open.PreviewSocket(dir)
	await.Nil(t, "the socket is there", func() error { _, err := os.Stat(socket); return err })
	if err := s.tryPages(ctx, "no-such-group"); err != nil {
		t.Errorf("without the group: %v", err)
	}
	client := local.Open(socket, quietLog)
	defer client.Close()
	l := ledger.Ledger{Store: client}
	await.Nil(t, "a wish is written", func() error {
		_, err := l.Ask(ctx, "shop", "main", "akira", func(w preview.Wish) preview.Wish { return w })
		return err
	})
	if err := l.Note(ctx, ledger.Event{Who: "ada", What: "create"}); err != nil {
		t.Error(err)
	}
	if err := l.PutRepo(ctx, preview.Repo{Name: "shop", URL: "https://example.com/shop"}); err != nil {
		t.Error(err)
	}
	state := preview.State{Name: "akira", Step: preview.Ready, Routes: map[string][]string{"": {"192.0.2.1:80"}}}
	for _, key := range []string{preview.StateKey("akira"), ledger.JobPrefix + "akira", "/skydns/com/example/s/web", "/rundock/v1/stacks/shop/current"} {
		_, err := client.Swap(ctx, registry.Swap{Key: key, New: state.JSON()})
		if err == nil || !strings.Contains(err.Error(), "not root to write") {
			t.Errorf("%s is written: %v", key, err)
		}
	}
}
