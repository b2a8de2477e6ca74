package registry

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"rundock/internal/registry/etcdtest"
)

const testLease = 5 * time.Second

// announcer is a running lease and hold, as a process would have.
type announcer struct {
	t      *testing.T
	lease  *Lease
	cancel context.CancelCauseFunc
	done   chan error

	mu     sync.Mutex
	states []HoldState
}

func item(id, value string) Item {
	return Item{Key: "/s/web/node-1", Value: []byte(fmt.Sprintf(`{"host":%q,"id":%q}`, value, id)), ID: id}
}

func announce(t *testing.T, client *Client, items ...Item) *announcer {
	t.Helper()
	return announceFor(t, client, testLease, items...)
}

func announceFor(t *testing.T, client *Client, ttl time.Duration, items ...Item) *announcer {
	t.Helper()
	lease, err := client.NewLease(ttl)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	a := &announcer{t: t, lease: lease, cancel: cancel, done: make(chan error, 1)}
	leaseDone := make(chan error, 1)
	go func() { leaseDone <- lease.Run(ctx) }()
	go func() {
		err := lease.Hold(ctx, items, func(s HoldState) {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.states = append(a.states, s)
		})
		if leaseErr := <-leaseDone; err == nil {
			err = leaseErr
		}
		a.done <- err
	}()
	t.Cleanup(func() { cancel(nil) })
	return a
}

// end ends the announcer and returns what it returned.
func (a *announcer) end(cause error) error {
	a.t.Helper()
	a.cancel(cause)
	select {
	case err := <-a.done:
		a.done <- err
		return err
	case <-time.After(deadline):
		a.t.Fatal("the announcer did not end")
		return nil
	}
}

func (a *announcer) state() HoldState {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.states) == 0 {
		return HoldState{}
	}
	return a.states[len(a.states)-1]
}

func (a *announcer) reason() string { return a.state().Reason }

func (a *announcer) held() bool { return a.state() == HoldState{Held: true} }

func (a *announcer) leaseID() clientv3.LeaseID {
	id, _, _ := a.lease.current()
	return id
}

func TestHold(t *testing.T) {
	t.Parallel()
	const id, other = "m1/web/", "m2/web/"
	key := item(id, "").Key
	only := func(i Item) map[string]string { return map[string]string{i.Key: string(i.Value)} }
	none := map[string]string{}

	cases := []struct {
		claim string
		test  func(t *testing.T, server *etcdtest.Server, f *follower)
	}{
		{"puts the keys and takes them away at the end", func(t *testing.T, server *etcdtest.Server, f *follower) {
			first := item(id, "a")
			second := Item{Key: "/s/web/_tcp/_admin/node-1", Value: first.Value, ID: id}
			a := announce(t, open(t, server, Config{}), first, second)
			eventually(t, "both keys are there", f.has(map[string]string{first.Key: string(first.Value), second.Key: string(second.Value)}))
			eventually(t, "it says so", a.held)
			want(t, "end", a.end(nil), nil)
			eventually(t, "both keys are gone", f.has(none))
			resp, err := server.Admin().Leases(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			want(t, "leases left", len(resp.Leases), 0)
		}},
		{"has nothing to report while nobody writes", func(t *testing.T, server *etcdtest.Server, f *follower) {
			a := announce(t, open(t, server, Config{}), item(id, "a"))
			eventually(t, "it is held", a.held)
			quiet(t, "what it reports", func() int {
				a.mu.Lock()
				defer a.mu.Unlock()
				return len(a.states)
			})
			want(t, "state", a.state(), HoldState{Held: true})
		}},
		{"announces again under a new lease after a withdrawal", func(t *testing.T, server *etcdtest.Server, f *follower) {
			client := open(t, server, Config{})
			lease, err := client.NewLease(testLease)
			if err != nil {
				t.Fatal(err)
			}
			running, stop := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- lease.Run(running) }()
			for range 3 {
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- lease.Hold(ctx, []Item{item(id, "a")}, func(HoldState) {}) }()
				eventually(t, "the key is there", f.has(only(item(id, "a"))))
				cancel()
				want(t, "Hold", <-ended, nil)
				eventually(t, "the key is gone", f.has(none))
			}
			stop()
			want(t, "Run", <-done, nil)
		}},
		{"survives kill -9 and restart of etcd", func(t *testing.T, server *etcdtest.Server, f *follower) {
			a := announce(t, open(t, server, Config{}), item(id, "a"))
			eventually(t, "the key is there", f.has(only(item(id, "a"))))
			server.Kill()
			eventually(t, "it says that etcd is away", func() bool { return a.state().Reason != "" })
			server.Restart()
			eventually(t, "it holds again", a.held)
			eventually(t, "the key is there", f.has(only(item(id, "a"))))
		}},
		{"says when its lease must have run out", func(t *testing.T, server *etcdtest.Server, f *follower) {
			a := announce(t, open(t, server, Config{}), item(id, "a"))
			eventually(t, "it holds", a.held)
			server.Kill()
			eventually(t, "it does not hold any more", func() bool { return !a.state().Held })
			names(t, "reason", a.reason, "lease of 5s ran out", "connection refused", server.URL[len("http://"):])
		}},
		{"puts the keys again into a store that was wiped", func(t *testing.T, server *etcdtest.Server, f *follower) {
			a := announce(t, open(t, server, Config{}), item(id, "a"))
			eventually(t, "it holds", a.held)
			server.Kill()
			server.Wipe()
			server.Restart()
			eventually(t, "the key is there", f.has(only(item(id, "a"))))
			eventually(t, "it holds again", a.held)
		}},
		{"puts a key again that was deleted by hand", func(t *testing.T, server *etcdtest.Server, f *follower) {
			admin := server.Admin()
			a := announce(t, open(t, server, Config{}), item(id, "a"))
			for range 3 {
				eventually(t, "the key is there", f.has(only(item(id, "a"))))
				eventually(t, "it holds", a.held)
				remove(t, admin, key)
				eventually(t, "the deletion was seen", func() bool {
					resp, err := admin.Get(t.Context(), key)
					return err == nil && len(resp.Kvs) == 1
				})
			}
		}},
		{"puts a key again that was overwritten with our id", func(t *testing.T, server *etcdtest.Server, f *follower) {
			a := announce(t, open(t, server, Config{}), item(id, "a"))
			eventually(t, "it holds", a.held)
			put(t, server.Admin(), key, string(item(id, "forged").Value))
			eventually(t, "the forgery was seen", func() bool {
				f.mu.Lock()
				defer f.mu.Unlock()
				return f.batches[len(f.batches)-1].Revision >= 3 // put, forgery
			})
			eventually(t, "ours is back", f.has(only(item(id, "a"))))
			want(t, "end", a.end(nil), nil)
			eventually(t, "the key is gone", f.has(none))
		}},
		{"gets a new lease when its own was revoked by hand", func(t *testing.T, server *etcdtest.Server, f *follower) {
			admin := server.Admin()
			a := announce(t, open(t, server, Config{}), item(id, "a"))
			eventually(t, "it holds", a.held)
			old := a.leaseID()
			must(t, func(ctx context.Context) error { _, err := admin.Revoke(ctx, old); return err })
			eventually(t, "there is another lease", func() bool { return a.leaseID() != old && a.leaseID() != 0 })
			eventually(t, "the key is there", f.has(only(item(id, "a"))))
		}},
		{"waits for a key that another id holds", func(t *testing.T, server *etcdtest.Server, f *follower) {
			theirs := announce(t, open(t, server, Config{}), item(other, "b"))
			eventually(t, "the other holds", theirs.held)
			ours := announce(t, open(t, server, Config{}), item(id, "a"))
			eventually(t, "held by the other is said", func() bool { return ours.state().HeldBy == other })
			names(t, "reason", ours.reason, key, other)
			eventually(t, "state", f.has(only(item(other, "b"))))
			want(t, "end of the other", theirs.end(nil), nil)
			eventually(t, "ours is there", f.has(only(item(id, "a"))))
			eventually(t, "it says so", ours.held)
		}},
		{"leaves a record without an id alone", func(t *testing.T, server *etcdtest.Server, f *follower) {
			admin := server.Admin()
			put(t, admin, key, `{"host":"10.0.0.9"}`)
			ours := announce(t, open(t, server, Config{}), item(id, "a"))
			eventually(t, "it is named", func() bool { return ours.state().HeldBy == "a record without an id" })
			want(t, "end", ours.end(nil), nil)
			eventually(t, "state", f.has(map[string]string{key: `{"host":"10.0.0.9"}`}))
		}},
		{"puts none of the keys while one is another's", func(t *testing.T, server *etcdtest.Server, f *follower) {
			admin := server.Admin()
			second := Item{Key: "/s/web/_tcp/_admin/node-1", Value: item(id, "a").Value, ID: id}
			put(t, admin, second.Key, string(item(other, "b").Value))
			ours := announce(t, open(t, server, Config{}), item(id, "a"), second)
			eventually(t, "the other is named", func() bool { return ours.state().HeldBy == other })
			eventually(t, "state", f.has(map[string]string{second.Key: string(item(other, "b").Value)}))
			remove(t, admin, second.Key)
			eventually(t, "it holds", ours.held)
		}},
		{"is taken over by the same id without a gap, and the old lease takes nothing away", func(t *testing.T, server *etcdtest.Server, f *follower) {
			// Longer than a busy machine may take for the second to come.
			const ttl = 3 * testLease
			first := announceFor(t, open(t, server, Config{}), ttl, item(id, "a"))
			eventually(t, "the first holds", first.held)
			oldLease := first.leaseID()
			// Handing over leaves what kill -9 leaves: a key and a lease that
			// nobody renews.
			want(t, "end of the first", first.end(ErrHandOver), nil)
			second := announceFor(t, open(t, server, Config{}), ttl, item(id, "b"))
			eventually(t, "the second holds", second.held)
			admin := server.Admin()
			eventually(t, "the old lease is over", func() bool {
				resp, err := admin.TimeToLive(t.Context(), oldLease)
				return err == nil && resp.TTL <= 0
			})
			eventually(t, "state", f.has(only(item(id, "b"))))
			f.mu.Lock()
			defer f.mu.Unlock()
			for _, b := range f.batches {
				for _, c := range b.Changes {
					if c.Value == nil {
						t.Errorf("watchers saw %s deleted at revision %d", c.Key, b.Revision)
					}
				}
			}
		}},
		{"goes with the lease when nobody takes over", func(t *testing.T, server *etcdtest.Server, f *follower) {
			a := announce(t, open(t, server, Config{}), item(id, "a"))
			eventually(t, "it holds", a.held)
			want(t, "end", a.end(ErrHandOver), nil)
			eventually(t, "still there", f.has(only(item(id, "a"))))
			eventually(t, "the key is gone", f.has(none))
		}},
		{"heals after etcd hung for longer than the lease", func(t *testing.T, server *etcdtest.Server, f *follower) {
			a := announce(t, open(t, server, Config{}), item(id, "a"))
			eventually(t, "it holds", a.held)
			server.Freeze()
			eventually(t, "it does not hold any more", func() bool { return !a.state().Held })
			server.Thaw()
			eventually(t, "it holds again", a.held)
			eventually(t, "the key is there", f.has(only(item(id, "a"))))
			want(t, "end", a.end(nil), nil)
			eventually(t, "the key is gone", f.has(none))
		}},
		{"withdrawn while etcd hangs leaves no ghost when etcd wakes", func(t *testing.T, server *etcdtest.Server, f *follower) {
			client := open(t, server, Config{})
			lease, err := client.NewLease(testLease)
			if err != nil {
				t.Fatal(err)
			}
			running, stop := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- lease.Run(running) }()
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- lease.Hold(ctx, []Item{item(id, "a")}, func(HoldState) {}) }()
			eventually(t, "the key is there", f.has(only(item(id, "a"))))
			server.Freeze()
			cancel()
			if err := <-ended; err == nil {
				t.Error("Hold = nil, want an error: the key could not be taken away")
			} else {
				contains(t, "error", err.Error(), "withdraw "+key, "ends by itself within 5s", server.URL)
			}
			server.Thaw()
			eventually(t, "the key is gone", f.has(none))
			// The lease itself goes on and is good for the next announcement.
			again, cancelAgain := context.WithCancel(t.Context())
			go func() { ended <- lease.Hold(again, []Item{item(id, "b")}, func(HoldState) {}) }()
			eventually(t, "the key is there again", f.has(only(item(id, "b"))))
			cancelAgain()
			want(t, "Hold", <-ended, nil)
			stop()
			want(t, "Run", <-done, nil)
		}},
		{"waits for an etcd that is down at the start", func(t *testing.T, server *etcdtest.Server, f *follower) {
			server.Kill()
			a := announce(t, open(t, server, Config{}), item(id, "a"))
			names(t, "reason", a.reason, "connection refused", server.URL[len("http://"):])
			server.Restart()
			eventually(t, "it holds", a.held)
		}},
	}
	for _, c := range cases {
		t.Run(c.claim, func(t *testing.T) {
			t.Parallel()
			eachEtcd(t, func(t *testing.T, server *etcdtest.Server) {
				f := startFollower(t, open(t, server, Config{}), "/s/")
				eventually(t, "the list came", func() bool { return f.completes() > 0 })
				c.test(t, server, f)
			})
		})
	}
}

func TestNewLease(t *testing.T) {
	client := &Client{}
	for _, bad := range []time.Duration{0, 4 * time.Second, 5500 * time.Millisecond, -time.Minute} {
		t.Run("refuses "+bad.String(), func(t *testing.T) {
			if _, err := client.NewLease(bad); err == nil {
				t.Errorf("NewLease(%s) = nil, want an error", bad)
			} else {
				contains(t, "error", err.Error(), bad.String())
			}
		})
	}
}
