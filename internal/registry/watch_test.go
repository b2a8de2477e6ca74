package registry

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"rundock/internal/registry/etcdtest"
)

// follower folds a watch into the state a consumer would have.
type follower struct {
	mu       sync.Mutex
	state    map[string]string
	batches  []Batch
	complete int
	health   []error
	gate     sync.Mutex // held by a test to keep the consumer busy
}

func startFollower(t *testing.T, client *Client, prefix string) *follower {
	t.Helper()
	f := &follower{state: map[string]string{}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- client.Watch(ctx, prefix, f.on, f.onHealth) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Watch = %v, want nil once its context is done", err)
		}
	})
	return f
}

func (f *follower) on(b Batch) {
	f.gate.Lock()
	defer f.gate.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.batches = append(f.batches, b)
	if b.Complete {
		f.complete++
		clear(f.state)
	}
	for _, c := range b.Changes {
		if c.Value == nil {
			delete(f.state, c.Key)
		} else {
			f.state[c.Key] = string(c.Value)
		}
	}
}

func (f *follower) onHealth(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.health = append(f.health, err)
}

func (f *follower) has(want map[string]string) func() bool {
	return func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return maps.Equal(f.state, want)
	}
}

// reason is why f is unhealthy, "" while it is not.
func (f *follower) reason() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.health) == 0 || f.health[len(f.health)-1] == nil {
		return ""
	}
	return f.health[len(f.health)-1].Error()
}

func (f *follower) unhealthy() bool { return f.reason() != "" }

func (f *follower) completes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.complete
}

func TestWatch(t *testing.T) {
	t.Parallel()
	cases := []struct {
		claim string
		test  func(t *testing.T, server *etcdtest.Server)
	}{
		{"gives the whole prefix first and then each change", func(t *testing.T, server *etcdtest.Server) {
			admin := server.Admin()
			put(t, admin, "/s/a", "1")
			put(t, admin, "/other/x", "1")
			f := startFollower(t, patient(t, server), "/s/")
			eventually(t, "a is known", f.has(map[string]string{"/s/a": "1"}))
			put(t, admin, "/s/b", "2")
			put(t, admin, "/s/empty", "")
			remove(t, admin, "/s/a")
			eventually(t, "b came, a went", f.has(map[string]string{"/s/b": "2", "/s/empty": ""}))
			want(t, "complete batches", f.completes(), 1)
		}},
		{"gives an empty prefix as a complete batch without changes", func(t *testing.T, server *etcdtest.Server) {
			f := startFollower(t, patient(t, server), "/s/")
			eventually(t, "the empty list came", func() bool { return f.completes() == 1 })
		}},
		{"lists more keys than fit in a page", func(t *testing.T, server *etcdtest.Server) {
			admin := server.Admin()
			all := map[string]string{}
			for page := range 2*listPage/100 + 1 {
				var ops []clientv3.Op
				for i := range 100 {
					key := fmt.Sprintf("/s/%06d", page*100+i)
					all[key] = "v"
					ops = append(ops, clientv3.OpPut(key, "v"))
				}
				must(t, func(ctx context.Context) error { _, err := admin.Txn(ctx).Then(ops...).Commit(); return err })
			}
			f := startFollower(t, patient(t, server), "/s/")
			eventually(t, "all keys are known", f.has(all))
			f.mu.Lock()
			defer f.mu.Unlock()
			want(t, "batches", len(f.batches), 1)
		}},
		{"puts changes together while the consumer is busy", func(t *testing.T, server *etcdtest.Server) {
			admin := server.Admin()
			f := startFollower(t, patient(t, server), "/s/")
			eventually(t, "the list came", func() bool { return f.completes() == 1 })
			f.gate.Lock()
			for i := range 500 {
				put(t, admin, "/s/a", fmt.Sprint(i))
			}
			f.gate.Unlock()
			eventually(t, "the last value is known", f.has(map[string]string{"/s/a": "499"}))
			f.mu.Lock()
			defer f.mu.Unlock()
			if n := len(f.batches); n > 10 {
				t.Errorf("500 changes of one key came in %d batches, want a few", n)
			}
		}},
		{"misses nothing and never goes back under many writes", func(t *testing.T, server *etcdtest.Server) {
			admin := server.Admin()
			f := startFollower(t, patient(t, server), "/s/")
			expect := map[string]string{}
			for i := range 2000 {
				key := fmt.Sprintf("/s/%d", i%97)
				if i%13 == 0 {
					remove(t, admin, key)
					delete(expect, key)
				} else {
					put(t, admin, key, fmt.Sprint(i))
					expect[key] = fmt.Sprint(i)
				}
			}
			eventually(t, "the follower has what was written", f.has(expect))
			f.mu.Lock()
			defer f.mu.Unlock()
			for i := 1; i < len(f.batches); i++ {
				if f.batches[i].Revision <= f.batches[i-1].Revision {
					t.Errorf("batch %d has revision %d after %d", i, f.batches[i].Revision, f.batches[i-1].Revision)
				}
			}
		}},
		{"keeps the last state while etcd is away and catches up after kill -9", func(t *testing.T, server *etcdtest.Server) {
			admin := server.Admin()
			put(t, admin, "/s/a", "1")
			f := startFollower(t, open(t, server, Config{}), "/s/")
			eventually(t, "a is known", f.has(map[string]string{"/s/a": "1"}))
			server.Kill()
			eventually(t, "the loss is reported", f.unhealthy)
			want(t, "state kept", f.has(map[string]string{"/s/a": "1"})(), true)
			server.Restart()
			put(t, admin, "/s/b", "2")
			eventually(t, "b is known", f.has(map[string]string{"/s/a": "1", "/s/b": "2"}))
			eventually(t, "health is reported again", func() bool { return !f.unhealthy() })
		}},
		{"replaces what it knew when the store was wiped, even if it grew past the old revision", func(t *testing.T, server *etcdtest.Server) {
			admin := server.Admin()
			for i := range 20 {
				put(t, admin, "/s/a", fmt.Sprint(i))
			}
			f := startFollower(t, open(t, server, Config{}), "/s/")
			eventually(t, "a is known", f.has(map[string]string{"/s/a": "19"}))
			server.Kill()
			server.Wipe()
			server.Restart()
			for i := range 50 {
				put(t, admin, "/s/b", fmt.Sprint(i))
			}
			eventually(t, "the new store is known", f.has(map[string]string{"/s/b": "49"}))
		}},
		{"goes back to what a restored backup holds, though its revision is lower", func(t *testing.T, server *etcdtest.Server) {
			admin := server.Admin()
			put(t, admin, "/s/a", "old")
			server.Kill()
			server.Backup()
			server.Restart()
			put(t, admin, "/s/a", "new")
			put(t, admin, "/s/b", "new")
			f := startFollower(t, open(t, server, Config{}), "/s/")
			eventually(t, "the new values are known", f.has(map[string]string{"/s/a": "new", "/s/b": "new"}))
			server.Kill()
			server.Restore()
			server.Restart()
			eventually(t, "the old ones are", f.has(map[string]string{"/s/a": "old"}))
			put(t, admin, "/s/c", "3")
			eventually(t, "changes go on from there", f.has(map[string]string{"/s/a": "old", "/s/c": "3"}))
		}},
		{"lists again after changes it slept through were compacted", func(t *testing.T, server *etcdtest.Server) {
			admin := server.Admin()
			put(t, admin, "/s/a", "old")
			put(t, admin, "/s/gone", "old")
			client := open(t, server, Config{})
			f := startFollower(t, client, "/s/")
			eventually(t, "the list is known", f.has(map[string]string{"/s/a": "old", "/s/gone": "old"}))
			// A stream that failed: the next one begins after the compaction.
			server.Kill()
			eventually(t, "the loss is reported", f.unhealthy)
			server.Restart()
			remove(t, admin, "/s/gone")
			var revision int64
			must(t, func(ctx context.Context) error {
				resp, err := admin.Put(ctx, "/s/a", "new")
				if err == nil {
					revision = resp.Header.Revision
				}
				return err
			})
			must(t, func(ctx context.Context) error {
				_, err := admin.Compact(ctx, revision, clientv3.WithCompactPhysical())
				return err
			})
			eventually(t, "the new value is known", f.has(map[string]string{"/s/a": "new"}))
		}},
		{"stays with a store to which nobody writes", func(t *testing.T, server *etcdtest.Server) {
			put(t, server.Admin(), "/s/a", "1")
			f := startFollower(t, open(t, server, Config{}), "/s/")
			eventually(t, "a is known", f.has(map[string]string{"/s/a": "1"}))
			quiet(t, "what it lists", f.completes)
			want(t, "reason to be unhealthy", f.reason(), "")
		}},
		{"notices a server that stopped answering", func(t *testing.T, server *etcdtest.Server) {
			f := startFollower(t, open(t, server, Config{}), "/s/")
			eventually(t, "the list came", func() bool { return f.completes() == 1 })
			server.Freeze()
			eventually(t, "the silence is reported", f.unhealthy)
			server.Thaw()
			put(t, server.Admin(), "/s/a", "1")
			eventually(t, "a is known", f.has(map[string]string{"/s/a": "1"}))
		}},
	}
	for _, c := range cases {
		t.Run(c.claim, func(t *testing.T) {
			t.Parallel()
			eachEtcd(t, c.test)
		})
	}
}
