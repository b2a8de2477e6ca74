package draining

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
)

func TestMain(m *testing.M) { etcdtest.Main(m) }

// text is a writer that several may use.
type text struct {
	mu sync.Mutex
	bytes.Buffer
}

func (w *text) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Buffer.Write(p)
}

func (w *text) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Buffer.String()
}

func TestTurn_of_a_second_host_comes_when_the_first_is_drained(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	stores := []*etcd.Client{}
	for range 2 {
		store, err := etcd.Open(etcd.Config{Endpoints: []string{server.URL}}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		stores = append(stores, store)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var first, second text
	one, err := takeTurn(ctx, stores[0], "node-1", "m1", &first)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan bool)
	go func() {
		defer close(done)
		two, err := takeTurn(ctx, stores[1], "node-2", "m2", &second)
		if err != nil {
			t.Error(err)
			return
		}
		two.Release()
	}()
	await.True(t, "the second says whom it waits for", func() bool { return second.String() == "waiting for node-1, which is being drained\n" })
	one.Release()
	<-done
	if first.String() != "" || second.String() != "waiting for node-1, which is being drained\n" {
		t.Errorf("they say %q and %q", first.String(), second.String())
	}
}
