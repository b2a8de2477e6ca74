package serve

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/registry"
	"rundock/internal/registry/etcdtest"
)

// What clients hold is known with its value as soon as it is claimed; of what a
// predecessor left, or another has, the key alone.
func TestHeld(t *testing.T) {
	t.Parallel()
	e := etcdtest.Start(t, "embedded", nil)
	dir := folder(t)
	begin := func() (s *Server, end func()) {
		store := openEtcd(t, e.URL)
		s = New(store, filepath.Join(dir, "held.json"), quietLog)
		l, err := Listen(filepath.Join(dir, "store.sock"), filepath.Join(dir, "private"))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx, l) }()
		await.True(t, "it runs", func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.ctx != nil
		})
		return s, func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("Run = %v", err)
			}
			store.Close()
		}
	}
	held := func(s *Server, what, want string) {
		t.Helper()
		await.Empty(t, what, func() string {
			var all []string
			now := s.Held()
			for _, key := range slices.Sorted(maps.Keys(now)) {
				all = append(all, fmt.Sprintf("%s=%s", key, now[key]))
			}
			if got := strings.Join(all, " "); got != want {
				return "held is " + got
			}
			return ""
		})
	}
	claim := func(s *Server, holder string, i registry.Item) {
		t.Helper()
		must(t, func(ctx context.Context) error { _, err := s.claim(ctx, holder, []registry.Item{i}); return err })
	}
	grant := func(s *Server) (id string) {
		t.Helper()
		must(t, func(ctx context.Context) (err error) { id, err = s.grant(ctx, long); return err })
		return id
	}
	web, db := item("web", "a"), item("db", "b")
	foreign := db
	foreign.ID, foreign.Value = "m2/db", []byte(`{"id":"m2/db"}`)

	s, end := begin()
	first, second := grant(s), grant(s)
	claim(s, first, web)
	claim(s, first, db)
	claim(s, second, foreign)
	both := db.Key + "=" + string(db.Value) + " " + web.Key + "=" + string(web.Value)
	held(s, "all that is claimed", both)
	if state := s.State(); state.Keys != 2 || state.Trouble != nil {
		t.Errorf("state = %+v, want 2 keys and no trouble", state)
	}
	must(t, func(ctx context.Context) error {
		_, err := registry.Drop(ctx, served{s.store, s}, []string{web.Key}, web.ID)
		return err
	})
	held(s, "what is left when another client has deleted a record", db.Key+"="+string(db.Value))
	claim(s, first, web)
	end()

	s, end = begin()
	defer end()
	changed := make(chan struct{}, 1)
	s.Notify(changed)
	held(s, "what the predecessor left", db.Key+"= "+web.Key+"=")
	claim(s, first, web)
	held(s, "what is claimed anew", db.Key+"= "+web.Key+"="+string(web.Value))
	<-changed
	s.mu.Lock()
	h := s.holders[first]
	s.mu.Unlock()
	must(t, func(ctx context.Context) error { return s.release(ctx, h) })
	held(s, "what is left when its holder is gone: nothing, though somebody wants another's key", "")
	<-changed
}

// served is the store as the server's clients have it.
type served struct {
	Store
	server *Server
}

func (s served) Swap(ctx context.Context, swap registry.Swap) (bool, error) {
	return s.server.swap(ctx, swap)
}
