package release

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/registry"
	"rundock/internal/registry/consul"
	"rundock/internal/registry/consultest"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/stack"
)

func TestMain(m *testing.M) { etcdtest.Main(m) }

// eachStore runs a test over a real etcd, and over a real Consul.
func eachStore(t *testing.T, test func(t *testing.T, connect func() registry.Store)) {
	answering := func(t *testing.T, store registry.Store) registry.Store {
		t.Cleanup(func() { store.Close() })
		await.Nil(t, "the store answers", func() error { _, _, err := store.List(t.Context(), Prefix); return err })
		return store
	}
	t.Run("etcd", func(t *testing.T) {
		t.Parallel()
		server := etcdtest.Start(t, "embedded", nil)
		test(t, func() registry.Store {
			store, err := etcd.Open(etcd.Config{Endpoints: []string{server.URL}}, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			return answering(t, store)
		})
	})
	t.Run("consul", func(t *testing.T) {
		t.Parallel()
		server := consultest.Start(t, nil)
		test(t, func() registry.Store {
			store, err := consul.Open(consul.Config{Address: server.URL}, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			return answering(t, store)
		})
	})
}

func run(id string) Lock {
	return Lock{ID: id, Who: "ada", Host: "node-1", Does: "deploy", Since: began}
}

// must fails the test for an error.
func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// rolled writes a release and commits it.
func rolled(t *testing.T, store registry.Store, v View, r Release) View {
	t.Helper()
	r.State = Planned
	v = must[View](t)(v.Write(t.Context(), store, r))
	r = must[Release](t)(r.Enter(Rolling, "", began))
	v = must[View](t)(v.Write(t.Context(), store, r))
	return must[View](t)(v.Commit(t.Context(), store, r))
}

func TestStore(t *testing.T) {
	all := services{"web": service("web:1", 1)}
	eachStore(t, func(t *testing.T, connect func() registry.Store) {
		ctx, store := t.Context(), connect()
		held, v, err := Acquire(ctx, store, "shop", run("r1"))
		if err != nil {
			t.Fatal(err)
		}
		if v.Current != 0 || v.Next() != 1 || v.Base() != nil {
			t.Errorf("an empty store has %+v", v)
		}
		v = rolled(t, store, v, release(t, 1, 0, all, "web.1=a"))
		v = rolled(t, store, v, release(t, 2, 1, all, "web.1=b"))

		stored := must[View](t)(Load(ctx, connect(), "shop"))
		if stored.Current != 2 || stored.Releases[1].State != Past || stored.Releases[2].State != Current || stored.Next() != 3 || len(stored.Faults) > 0 {
			t.Errorf("stored = %+v", stored)
		}
		if stored.Base().Slots[stack.Slot{Service: "web", Number: 1}].Host != "b" {
			t.Errorf("current = %+v", stored.Base())
		}
		if _, err := v.Write(ctx, store, func() Release { r := v.Releases[2]; r.Done = true; return r }()); err != nil {
			t.Error(err)
		}
		t.Run("a second run is refused, and its holder named (36)", func(t *testing.T) {
			_, _, err := Acquire(ctx, connect(), "shop", Lock{ID: "r2", Who: "bob", Host: "node-2", Does: "deploy", Since: began})
			if !errors.Is(err, registry.ErrHeld) || !strings.Contains(err.Error(), "lock of stack shop: another holds the lock: ada on node-1, which does deploy since 12:00:00 UTC; should that run have been killed, the lock ends by itself, that of stack.yml within two minutes") {
				t.Errorf("error = %v", err)
			}
		})
		t.Run("what was read is old", func(t *testing.T) {
			if _, err := v.Write(ctx, store, v.Releases[2]); !errors.Is(err, ErrSuperseded) || !strings.Contains(err.Error(), "release 2 of shop") {
				t.Errorf("error = %v", err)
			}
		})
		t.Run("another stack has its own", func(t *testing.T) {
			held, other, err := Acquire(ctx, store, "sho", run("r3"))
			if err != nil || other.Current != 0 || len(other.Releases) != 0 {
				t.Fatalf("view = %+v, %v", other, err)
			}
			held.Release()
		})
		held.Release()
		t.Run("without the lock nothing is written", func(t *testing.T) {
			v := must[View](t)(Load(ctx, store, "shop"))
			if _, err := v.Write(ctx, store, release(t, 3, 2, all, "web.1=c")); err == nil || !strings.Contains(err.Error(), "nobody holds the lock of shop") {
				t.Errorf("error = %v", err)
			}
		})
		t.Run("a run that lost its lock cannot commit", func(t *testing.T) {
			held, v, err := Acquire(ctx, store, "shop", run("r4"))
			if err != nil {
				t.Fatal(err)
			}
			r := release(t, 3, 2, all, "web.1=c")
			v = must[View](t)(v.Write(ctx, store, r))
			held.Release()
			other, _, err := Acquire(ctx, connect(), "shop", run("r5"))
			if err != nil {
				t.Fatal(err)
			}
			defer other.Release()
			if _, err := v.Commit(ctx, store, r); !errors.Is(err, ErrSuperseded) {
				t.Errorf("error = %v", err)
			}
			if now := must[View](t)(Load(ctx, store, "shop")); now.Current != 2 || now.Releases[3].State != Rolling || now.Releases[2].State != Current {
				t.Errorf("half of it was written: %+v", now)
			}
			if do, why := Recover(must[View](t)(Load(ctx, store, "shop")), "r5", "other inputs", nil); do != Rewind {
				t.Errorf("Recover = %s: %s", do, why)
			}
		})
	})
}

func TestStore_commits_only_what_was_planned_from_the_current_one(t *testing.T) {
	v := View{Stack: "shop", Current: 2}
	_, err := v.Commit(t.Context(), nil, release(t, 3, 1, services{"web": service("web:1", 1)}, "web.1=a"))
	if err == nil || err.Error() != "commit release 3 of shop: it was planned from release 1, and 2 is current" {
		t.Errorf("error = %v", err)
	}
}

func TestBlob(t *testing.T) {
	eachStore(t, func(t *testing.T, connect func() registry.Store) {
		ctx, store := t.Context(), connect()
		hash := must[string](t)(PutBlob(ctx, store, "shop", []byte("listen 80;")))
		if again := must[string](t)(PutBlob(ctx, store, "shop", []byte("listen 80;"))); again != hash {
			t.Errorf("hash = %s, then %s", hash, again)
		}
		if content := must[[]byte](t)(Blob(ctx, store, "shop", hash)); string(content) != "listen 80;" {
			t.Errorf("content = %q", content)
		}
		if _, err := PutBlob(ctx, store, "shop", make([]byte, MostBytes+1)); err == nil || !strings.Contains(err.Error(), "config of shop: it is 1048577 bytes") {
			t.Errorf("error = %v", err)
		}
		if _, err := Blob(ctx, store, "shop", "abc"); err == nil || !strings.Contains(err.Error(), "config abc of shop: the store does not have it") {
			t.Errorf("error = %v", err)
		}
		if done, err := store.Swap(ctx, registry.Swap{Key: BlobKey("shop", hash), Old: []byte("listen 80;"), New: []byte("listen 81;")}); !done || err != nil {
			t.Fatal(done, err)
		}
		if _, err := Blob(ctx, store, "shop", hash); err == nil || !strings.Contains(err.Error(), "something else at its key") {
			t.Errorf("error = %v", err)
		}
	})
}

func TestPrune_keeps_ten_and_what_they_name(t *testing.T) {
	eachStore(t, func(t *testing.T, connect func() registry.Store) {
		ctx, store := t.Context(), connect()
		held, v, err := Acquire(ctx, store, "shop", run("r1"))
		if err != nil {
			t.Fatal(err)
		}
		defer held.Release()
		var hashes []string
		for n := 1; n <= 13; n++ {
			hash := must[string](t)(PutBlob(ctx, store, "shop", fmt.Append(nil, "site ", n)))
			hashes = append(hashes, hash)
			v = rolled(t, store, v, release(t, n, n-1, services{"web": service("web:1", 1, uses("site.conf", ""))}, "web.1=a", func(r *Release) {
				r.Model.Configs = map[string]stack.File{"site.conf": {Hash: hash}}
			}))
		}
		prune := func() View {
			t.Helper()
			if err := must[View](t)(Load(ctx, store, "shop")).Prune(ctx, store); err != nil {
				t.Fatal(err)
			}
			return must[View](t)(Load(ctx, store, "shop"))
		}
		for range 2 {
			now := prune()
			if len(now.Releases) != 10 || now.Releases[3].Number != 0 || now.Releases[4].Number != 4 {
				t.Errorf("%d releases stay", len(now.Releases))
			}
			want := slices.Sorted(slices.Values(hashes[3:]))
			if !slices.Equal(now.Blobs, want) {
				t.Errorf("blobs = %v, want %v", now.Blobs, want)
			}
		}
	})
}

// However many releases fail one after another, the next one that does not can be gone back from.
func TestPrune_keeps_the_way_back_beside_what_failed(t *testing.T) {
	v := View{Stack: "shop", Current: 20, Releases: map[int]Release{1: {Number: 1, State: Past}, 20: {Number: 20, From: 1, State: Current}}}
	for n := 2; n < 20; n++ {
		v.Releases[n] = Release{Number: n, From: 1, State: Undone}
	}
	stay, _ := v.remain()
	for n, want := range map[int]bool{1: true, 2: false, 9: false, 10: true, 19: true, 20: true} {
		if stay[n] != want {
			t.Errorf("release %d stays: %t, want %t", n, stay[n], want)
		}
	}
}

func TestPrune_keeps_the_current_one_however_old(t *testing.T) {
	v := View{Stack: "shop", Current: 1, Releases: map[int]Release{1: {Number: 1, State: Current}}}
	for n := 2; n < 20; n++ {
		v.Releases[n] = Release{Number: n, From: 1, State: Undone}
	}
	v.Releases[5] = Release{Number: 5, From: 2, State: Failed}
	stay, _ := v.remain()
	for n, want := range map[int]bool{1: true, 2: true, 3: false, 5: true, 9: false, 10: true, 19: true} {
		if stay[n] != want {
			t.Errorf("release %d stays: %t, want %t", n, stay[n], want)
		}
	}
}

func TestLoad_names_what_it_cannot_read(t *testing.T) {
	eachStore(t, func(t *testing.T, connect func() registry.Store) {
		ctx, store := t.Context(), connect()
		for key, value := range map[string]string{Key("shop", 1): `{"version":9}`, CurrentKey("shop"): "one"} {
			if done, err := store.Swap(ctx, registry.Swap{Key: key, New: []byte(value)}); !done || err != nil {
				t.Fatal(done, err)
			}
		}
		v := must[View](t)(Load(ctx, store, "shop"))
		if len(v.Faults) != 2 || !strings.Contains(fmt.Sprint(v.Faults[Key("shop", 1)]), "/rundock/v1/stacks/shop/releases/1: release: version is 9") {
			t.Errorf("faults = %v", v.Faults)
		}
		if do, why := Recover(v, "", "", nil); do != Refuse || !strings.Contains(why, "/rundock/v1/stacks/shop/current") {
			t.Errorf("Recover = %s, %s", do, why)
		}
	})
}

// The store may be away for a moment: an error says which write was not made, and
// is none of a lost lock.
func TestWrite_names_the_store_that_is_away(t *testing.T) {
	server := etcdtest.Start(t, "embedded", nil)
	store, err := etcd.Open(etcd.Config{Endpoints: []string{server.URL}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	await.Nil(t, "the store answers", func() error { _, _, err := store.List(t.Context(), Prefix); return err })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	held, v, err := Acquire(ctx, store, "shop", run("r1"))
	if err != nil {
		t.Fatal(err)
	}
	server.Kill()
	_, err = v.Write(t.Context(), store, release(t, 1, 0, services{"web": service("web:1", 1)}, "web.1=a"))
	if err == nil || errors.Is(err, ErrSuperseded) || !strings.Contains(err.Error(), "release 1 of shop: write ") {
		t.Errorf("error = %v", err)
	}
	held.Release()
}
