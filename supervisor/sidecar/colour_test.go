package sidecar

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/cutover"
	"rundock/internal/registry"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
)

func TestMain(m *testing.M) { etcdtest.Main(m) }

// told is what a sidecar of a colour has been told.
type told struct {
	mu     sync.Mutex
	active string
}

func (t *told) is(colour string) func() bool {
	return func() bool {
		t.mu.Lock()
		defer t.mu.Unlock()
		return t.active == colour
	}
}

func follow(t *testing.T, store registry.Store, own string) *told {
	heard := &told{}
	c := colours{store: store, service: "web", own: own, log: slog.New(slog.DiscardHandler), on: func(active string) {
		heard.mu.Lock()
		defer heard.mu.Unlock()
		heard.active = active
	}}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.follow(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return heard
}

func TestColours(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	store, err := etcd.Open(etcd.Config{Endpoints: []string{server.URL}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	key := cutover.Key("web")
	swap := func(old, now []byte) {
		t.Helper()
		if done, err := store.Swap(t.Context(), registry.Swap{Key: key, Old: old, New: now}); err != nil || !done {
			t.Fatalf("swap = %v, %v", done, err)
		}
	}
	stored := func() []byte {
		t.Helper()
		found, err := store.Read(t.Context(), []string{key})
		if err != nil {
			t.Fatal(err)
		}
		return found[0].Value
	}

	green := follow(t, store, cutover.Green)
	await.True(t, "the first colour that comes is the active one", green.is(cutover.Green))
	blue := follow(t, store, cutover.Blue)
	await.True(t, "the second one is idle", blue.is(cutover.Green))

	state := cutover.First(cutover.Green, time.Now())
	state.Phase, state.To, state.Attempt = cutover.Flip, cutover.Blue, "a1"
	swap(stored(), cutover.JSON(state))
	settled := cutover.First(cutover.Blue, time.Now())
	swap(stored(), cutover.JSON(settled))
	await.True(t, "both follow a switch", func() bool { return green.is(cutover.Blue)() && blue.is(cutover.Blue)() })

	swap(stored(), nil)
	await.True(t, "a store that has lost the state gets it back", func() bool { return stored() != nil })
	if state, err := cutover.ParseState(stored()); err != nil || state.Active != cutover.Blue {
		t.Errorf("state = %+v, %v: want the colour that was active", state, err)
	}
	swap(stored(), []byte("{"))
	await.True(t, "what cannot be read changes nothing", func() bool { return green.is(cutover.Blue)() && blue.is(cutover.Blue)() })
}
