package ledger

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/preview"
	"rundock/internal/registry"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
)

func TestMain(m *testing.M) { etcdtest.Main(m) }

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func newLedger(t *testing.T, most int) Ledger {
	t.Helper()
	server := etcdtest.Start(t, "embedded", nil)
	store, err := etcd.Open(etcd.Config{Endpoints: []string{server.URL}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	await.Nil(t, "the store answers", func() error { _, _, err := store.List(t.Context(), preview.Prefix); return err })
	return Ledger{store, preview.Rules{Most: most}}
}

func push(commit string) func(preview.Wish) preview.Wish {
	return func(w preview.Wish) preview.Wish { return w.Pushed(commit, "git", noon) }
}

func TestAsk_gives_each_branch_one_preview_and_each_preview_one_name(t *testing.T) {
	t.Parallel()
	l := newLedger(t, 10)
	// Hooks, polling and people, at once, of branches that would have one name.
	branches := []string{"feature/x", "feature-x", "feature_x"}
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			if _, err := l.Ask(t.Context(), "shop", branches[i%3], "", push(fmt.Sprint("c", i%2))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	wishes, err := l.Wishes(t.Context())
	if err != nil || len(wishes) != 3 {
		t.Fatalf("there are %v, %v", wishes, err)
	}
	plain := 0
	for name, w := range wishes {
		if name == "feature-x" {
			plain++
		}
		if w.Name != name || w.Want != preview.Running || w.Commit == "" {
			t.Errorf("wish %s is %+v", name, w)
		}
		again, err := l.Ask(t.Context(), "shop", w.Branch, "other", push("c9"))
		if err != nil || again.Name != name || again.Commit != "c9" {
			t.Errorf("a push to %s has %+v, %v", w.Branch, again, err)
		}
	}
	if plain != 1 {
		t.Errorf("no branch, or several, have the plain name: %v", wishes)
	}
	if _, err := l.Ask(t.Context(), "blog", "main", "feature-x", push("c")); err == nil {
		t.Error("a name that is taken is given again")
	}
	if w, err := l.Ask(t.Context(), "blog", "main", "akira", push("c")); err != nil || w.Name != "akira" {
		t.Errorf("a name that is wanted: %+v, %v", w, err)
	}
	for _, bad := range []string{"api", "a--b", "-x"} {
		if _, err := l.Ask(t.Context(), "blog", "next", bad, push("c")); err == nil {
			t.Errorf("name %s is given", bad)
		}
	}
	if _, err := l.Ask(t.Context(), "blog", "--upload-pack=x", "", push("c")); err == nil {
		t.Error("an option is taken for a branch")
	}
}

func TestAsk_holds_the_limit_and_lets_updates_pass(t *testing.T) {
	t.Parallel()
	l := newLedger(t, 3)
	var all sync.WaitGroup
	var mu sync.Mutex
	refused := 0
	for i := range 8 {
		all.Go(func() {
			_, err := l.Ask(t.Context(), "shop", fmt.Sprint("branch-", i), "", push("c1"))
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, preview.ErrMost) {
				refused++
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	wishes, err := l.Wishes(t.Context())
	if err != nil || len(wishes) != 3 || refused != 5 {
		t.Fatalf("of 8 at once, where 3 may be, %d are refused and there are %d, %v", refused, len(wishes), err)
	}
	for name, w := range wishes {
		if w, err := l.Ask(t.Context(), "shop", w.Branch, "", push("c2")); err != nil || w.Commit != "c2" {
			t.Errorf("an update at the limit: %+v, %v", w, err)
		}
		if forgotten, err := l.Forget(t.Context(), name); err != nil || forgotten {
			t.Errorf("one that is wanted is forgotten: %v, %v", forgotten, err)
		}
		if _, err := l.Change(t.Context(), name, func(w preview.Wish) preview.Wish { w.Want, w.Name = preview.Removed, "other"; return w }); err != nil {
			t.Error(err)
		}
		if forgotten, err := l.Forget(t.Context(), name); err != nil || !forgotten {
			t.Errorf("one that is removed is not forgotten: %v, %v", forgotten, err)
		}
		if forgotten, err := l.Forget(t.Context(), name); err != nil || !forgotten {
			t.Errorf("one that is forgotten, again: %v, %v", forgotten, err)
		}
	}
	if _, err := l.Change(t.Context(), "none", push("c")); !errors.Is(err, ErrNone) {
		t.Errorf("a change of none: %v", err)
	}
	if _, err := l.Ask(t.Context(), "shop", "branch-9", "", push("c1")); err != nil {
		t.Errorf("once there is room again: %v", err)
	}
}

func TestTake_has_one_builder_at_a_preview(t *testing.T) {
	t.Parallel()
	l := newLedger(t, 3)
	first, err := l.Take(t.Context(), "akira", Claim{ID: "one", Host: "node-1", Job: preview.Job{Commit: "c1"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Take(t.Context(), "akira", Claim{ID: "two"}); !errors.Is(err, registry.ErrHeld) {
		t.Errorf("a second one: %v", err)
	}
	other, err := l.Take(t.Context(), "next", Claim{ID: "two"})
	if err != nil {
		t.Fatal(err)
	}
	first.Release()
	second, err := l.Take(t.Context(), "akira", Claim{ID: "two"})
	if err != nil {
		t.Fatalf("after the first one has released it: %v", err)
	}
	second.Release()
	other.Release()
	poller, err := l.TakePolling(t.Context(), Claim{ID: "one"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.TakePolling(t.Context(), Claim{ID: "two"}); !errors.Is(err, registry.ErrHeld) {
		t.Errorf("a second one asks repositories: %v", err)
	}
	poller.Release()
}

func TestRepos_and_events_are_read_as_they_were_written(t *testing.T) {
	t.Parallel()
	l := newLedger(t, 3)
	want := preview.Repo{Name: "shop", URL: "https://example.com/shop.git", Poll: 60}
	for _, url := range []string{"https://example.com/old.git", want.URL} {
		r := want
		r.URL = url
		if err := l.PutRepo(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.PutRepo(t.Context(), preview.Repo{Name: "x", URL: "ext::sh"}); err == nil {
		t.Error("a repository that is a command is written")
	}
	repos, err := l.Repos(t.Context())
	if err != nil || len(repos) != 1 || repos["shop"].URL != want.URL || repos["shop"].Poll != 60 {
		t.Errorf("Repos = %v, %v", repos, err)
	}
	var all sync.WaitGroup
	for i := range 5 {
		all.Go(func() {
			if err := l.Note(t.Context(), Event{Time: noon, Preview: "akira", Who: fmt.Sprint("w", i), What: "deployed"}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if err := l.Note(t.Context(), Event{Time: noon.Add(time.Second), Who: "ada", What: "pinned"}); err != nil {
		t.Fatal(err)
	}
	events, err := l.Events(t.Context())
	if err != nil || len(events) != 6 || events[0].Who != "ada" {
		t.Errorf("Events = %v, %v, want six, the newest first", events, err)
	}
}

func TestNote_keeps_the_newest_events(t *testing.T) {
	t.Parallel()
	l := newLedger(t, 3)
	for i := range eventsAtMost + 3 {
		// Written as Note does, which lists all each time.
		e := Event{Time: noon.Add(time.Duration(i) * time.Second), Who: fmt.Sprint(i)}
		if _, err := l.Store.Swap(t.Context(), registry.Swap{Key: fmt.Sprintf("%s%019d-", EventPrefix, e.Time.UnixNano()), New: registry.Encode(e)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Note(t.Context(), Event{Time: noon.Add(time.Hour), Who: "last"}); err != nil {
		t.Fatal(err)
	}
	events, err := l.Events(t.Context())
	if err != nil || len(events) != eventsAtMost || events[0].Who != "last" || events[eventsAtMost-1].Who != "4" {
		t.Errorf("%d events are kept, %v", len(events), err)
	}
}
