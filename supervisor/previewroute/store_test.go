package previewroute

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/preview"
	"rundock/internal/preview/route"
	"rundock/internal/registry"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
)

// site is a router with a real etcd.
type site struct {
	*testing.T
	etcd  *etcdtest.Server
	store registry.Store
	dir   string
	front string // the router's address
	stop  func()
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{T: t, etcd: etcdtest.Start(t, "embedded", nil), dir: filepath.Join(t.TempDir(), "preview")}
	store, err := etcd.Open(etcd.Config{Endpoints: []string{s.etcd.URL}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.store = store
	t.Cleanup(func() { store.Close() })
	s.start()
	t.Cleanup(func() { s.stop() })
	return s
}

// start starts the router, as previewd route does.
func (s *site) start() {
	s.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.Fatal(err)
	}
	s.front = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() {
		over <- settings{domain: domain, drain: time.Minute}.route(ctx, s.store, "node-1", s.dir, listeners{http: l}, nil, slog.New(slog.DiscardHandler))
	}()
	s.stop = func() {
		cancel()
		if err := <-over; err != nil {
			s.Error(err)
		}
		s.stop = func() {}
	}
}

func (s *site) put(p preview.State) {
	s.Helper()
	s.etcd.Put(preview.StateKey(p.Name), string(p.JSON()), 0)
}

func (s *site) expect(host string, code int, text string) {
	s.Helper()
	await.Empty(s, host, func() string {
		res, got, err := ask(http.DefaultClient, s.front, "GET", host, "")
		if err != nil {
			return err.Error()
		}
		if res.StatusCode != code || !strings.Contains(got, text) {
			return res.Status + " " + got
		}
		return ""
	})
}

func (s *site) keys(prefix string) map[string]string {
	s.Helper()
	keys, err := s.etcd.Keys(s.Context(), prefix)
	if err != nil {
		s.Fatal(err)
	}
	return keys
}

func TestRoute_follows_the_store_and_outlives_it(t *testing.T) {
	s := newSite(t)
	s.put(ready(app(t, says("one"))))
	s.expect("akira.y.example.com", 200, "one")
	s.put(ready(app(t, says("two"))))
	s.expect("akira.y.example.com", 200, "two")
	s.etcd.Put(preview.StateKey("akira"), "{broken", 0)
	tetsuo := ready(app(t, says("tetsuo")))
	tetsuo.Name = "tetsuo"
	s.put(tetsuo)
	s.expect("tetsuo.y.example.com", 200, "tetsuo")
	s.expect("akira.y.example.com", 200, "two") // what cannot be read changes nothing

	await.True(t, "the snapshot has both", func() bool {
		data, err := os.ReadFile(snapshotPath(s.dir))
		return err == nil && strings.Contains(string(data), "tetsuo") && strings.Contains(string(data), "akira")
	})
	s.etcd.Kill()
	s.expect("akira.y.example.com", 200, "two")
	s.stop()
	s.start() // by the snapshot alone
	s.expect("akira.y.example.com", 200, "two")
	s.expect("tetsuo.y.example.com", 200, "tetsuo")
	s.expect("nope.y.example.com", 404, "")

	s.etcd.Restart()
	await.Nil(t, "tetsuo is deleted", func() error {
		return put(t.Context(), s.store, preview.StateKey("tetsuo"), nil)
	})
	s.expect("tetsuo.y.example.com", 404, "")
}

func TestSnapshot_is_tried_on(t *testing.T) {
	g := newRig(t)
	f := newFollower(g.router, domain, slog.New(slog.DiscardHandler))
	akira := ready("127.0.0.1:80")
	f.set(map[string]*preview.State{"akira": &akira})
	dir := filepath.Join(t.TempDir(), "preview")
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // in the way
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan bool)
	go func() { f.keepSnapshot(ctx, dir); close(over) }()
	await.True(t, "the change is taken", func() bool { return len(f.changed) == 0 })
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	await.Nil(t, "the snapshot", func() error { _, err := os.Stat(snapshotPath(dir)); return err })
	cancel()
	<-over
	fresh := newRig(t)
	if err := newFollower(fresh.router, domain, slog.New(slog.DiscardHandler)).load(dir); err != nil {
		t.Fatal(err)
	}
	if !fresh.router.table.Load().Has("akira", "127.0.0.1:80") {
		t.Error("the snapshot has no akira")
	}
}

func TestRoute_asks_once_for_a_preview_that_is_asleep(t *testing.T) {
	s := newSite(t)
	s.put(preview.State{Name: "akira", Step: preview.Asleep})
	s.expect("akira.y.example.com", 503, "waking up")
	for range 20 {
		if res, _, err := ask(http.DefaultClient, s.front, "GET", "akira.y.example.com", ""); err != nil || res.StatusCode != 503 {
			t.Fatalf("%v %v", res, err)
		}
	}
	key := preview.WakeKey("akira")
	var first string
	await.True(t, "the wish is written", func() bool { first = s.keys(key)[key]; return first != "" })
	var wish preview.WakeUp
	if err := json.Unmarshal([]byte(first), &wish); err != nil || wish.By != "node-1" || wish.At.IsZero() {
		t.Errorf("wish %s: %v", first, err)
	}
	listed, _, err := s.store.List(t.Context(), key)
	if err != nil || len(listed) != 1 {
		t.Fatalf("%v, %v", listed, err)
	}
	// A builder takes the wish and starts the preview; then it falls asleep once more.
	if done, err := s.store.Transact(t.Context(), []registry.Swap{{Key: key, Old: []byte(first)}}); err != nil || !done {
		t.Fatalf("the wish was written more than once: %v, %v", done, err)
	}
	s.put(ready(app(t, says("awake"))))
	s.expect("akira.y.example.com", 200, "awake")
	s.put(preview.State{Name: "akira", Step: preview.Asleep})
	s.expect("akira.y.example.com", 503, "waking up")
	await.True(t, "the wish is written anew", func() bool { return s.keys(key)[key] != "" })
}

func TestUses_are_told_while_a_stream_is_open(t *testing.T) {
	g := newRig(t)
	s := &site{T: t, etcd: etcdtest.Start(t, "embedded", nil)}
	store, err := etcd.Open(etcd.Config{Endpoints: []string{s.etcd.URL}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	g.set(ready(app(t, echo("app"))))
	key := preview.UsedKey("akira", "node-1")
	used := func(now time.Time) (at preview.Used) {
		t.Helper()
		g.router.uses.tell(t.Context(), store, "node-1", g.router.table.Load(), now)
		if text := s.keys(key)[key]; text != "" {
			if err := json.Unmarshal([]byte(text), &at); err != nil {
				t.Fatal(err)
			}
		}
		return at
	}
	if at := used(time.Now()); !at.At.IsZero() {
		t.Errorf("used at %s, before any request", at.At)
	}
	talk := g.open()
	later := time.Now().Add(3 * time.Hour)
	if at := used(later); !at.At.Equal(later) {
		t.Errorf("with an open websocket, used at %s, want %s", at.At, later)
	}
	if _, err := talk(); err != nil {
		t.Fatal(err)
	}
	g.router.streams.endAll()
	await.True(t, "the websocket is over", func() bool { return g.router.streams.count() == 0 })
	if at := used(later.Add(time.Hour)); !at.At.Equal(later) {
		t.Errorf("with no request since, used at %s, want %s", at.At, later)
	}
	g.router.table.Store(route.NewTable(domain, nil))
	await.True(t, "what is told of a preview that is no more is taken away", func() bool { return used(later).At.IsZero() })
}
