package registrytest

import (
	"context"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/registry"
)

const (
	ourID   = "m1/web/"
	otherID = "m2/web/"
)

var nothing = map[string]string{}

func only(i registry.Item) map[string]string { return map[string]string{i.Key: string(i.Value)} }

// stage is a server, and somebody who watches it.
type stage struct {
	Server
	*Follower
}

// announce announces with a client of its own, for the store's shortest lease.
func (s stage) announce(t *testing.T, items ...registry.Item) *Announcer {
	t.Helper()
	return Announce(t, s.Open(t), s.Lease(), items...)
}

func testHold(t *testing.T, start func(t *testing.T) Server) {
	ours := Item(ourID, "a")
	second := registry.Item{Key: "/s/web/_tcp/_admin/node-1", Value: ours.Value, ID: ourID}
	cases := []struct {
		claim string
		test  func(t *testing.T, s stage)
	}{
		{"puts the keys and takes them away at the end", func(t *testing.T, s stage) {
			a := s.announce(t, ours, second)
			await.True(t, "both keys are there", s.Has(map[string]string{ours.Key: string(ours.Value), second.Key: string(second.Value)}))
			await.True(t, "it says so", a.Held)
			Want(t, "end", a.End(nil), nil)
			await.True(t, "both keys are gone", s.Has(nothing))
			Want(t, "leases left", s.Leases(t), 0)
		}},
		{"has nothing to report while nobody writes", func(t *testing.T, s stage) {
			a := s.announce(t, ours)
			await.True(t, "it is held", a.Held)
			quiet(t, "what it reports", a.said)
			Want(t, "state", a.State(), registry.HoldState{Held: true})
		}},
		{"says how long the store keeps the keys at least", func(t *testing.T, s stage) {
			lease, stop := runLease(t, s)
			end := hold(t, lease, ours)
			await.True(t, "the key is there", s.Has(only(ours)))
			if left := lease.Remains(); left <= 0 || left > s.Lease() {
				t.Errorf("a lease of %s remains for %s", s.Lease(), left)
			}
			Want(t, "Hold", end(), nil)
			stop()
			Want(t, "what remains of one that has ended", lease.Remains(), 0)
		}},
		{"announces again under a new lease after a withdrawal", func(t *testing.T, s stage) {
			lease, stop := runLease(t, s)
			for range 3 {
				end := hold(t, lease, ours)
				await.True(t, "the key is there", s.Has(only(ours)))
				Want(t, "Hold", end(), nil)
				await.True(t, "the key is gone", s.Has(nothing))
			}
			Want(t, "Run", stop(), nil)
		}},
		{"survives kill -9 and restart of the store", func(t *testing.T, s stage) {
			a := s.announce(t, ours)
			await.True(t, "the key is there", s.Has(only(ours)))
			s.Kill()
			await.True(t, "it says that the store is away", func() bool { return a.Reason() != "" })
			s.Restart()
			await.True(t, "it holds again", a.Held)
			await.True(t, "the key is there", s.Has(only(ours)))
		}},
		{"says when its lease must have run out", func(t *testing.T, s stage) {
			a := s.announce(t, ours)
			await.True(t, "it holds", a.Held)
			s.Kill()
			await.True(t, "it does not hold any more", func() bool { return !a.State().Held })
			Names(t, "reason", a.Reason, "lease of "+s.Lease().String()+" ran out", "connection refused", s.Address())
		}},
		{"puts the keys again into a store that was wiped", func(t *testing.T, s stage) {
			a := s.announce(t, ours)
			await.True(t, "it holds", a.Held)
			s.Kill()
			s.Wipe()
			s.Restart()
			await.True(t, "the key is there", s.Has(only(ours)))
			await.True(t, "it holds again", a.Held)
		}},
		{"puts a key again that was deleted by hand", func(t *testing.T, s stage) {
			a := s.announce(t, ours)
			for range 3 {
				await.True(t, "the key is there", s.Has(only(ours)))
				await.True(t, "it holds", a.Held)
				s.Delete(t, ours.Key)
				await.True(t, "the key is there again", func() bool { _, there := s.Get(t, ours.Key); return there })
			}
		}},
		{"puts a key again that was overwritten with our id", func(t *testing.T, s stage) {
			a := s.announce(t, ours)
			await.True(t, "it holds", a.Held)
			await.True(t, "the key is there", s.Has(only(ours)))
			before := s.revision()
			forged := Item(ourID, "forged")
			s.Put(t, forged.Key, string(forged.Value))
			// On a busy machine watchers see both writes as one change.
			await.True(t, "the forgery and our answer were seen", func() bool { return s.revision() >= before+2 })
			await.True(t, "ours is back", s.Has(only(ours)))
			Want(t, "end", a.End(nil), nil)
			await.True(t, "the key is gone", s.Has(nothing))
		}},
		{"gets a new lease when its own was revoked by hand", func(t *testing.T, s stage) {
			a := s.announce(t, ours)
			await.True(t, "it holds", a.Held)
			old := a.leaseName()
			s.EndLease(t, old)
			await.True(t, "there is another lease", func() bool { now := a.leaseName(); return now != "" && now != old })
			await.True(t, "the key is there", s.Has(only(ours)))
		}},
		{"waits for a key that another id holds", func(t *testing.T, s stage) {
			theirs := s.announce(t, Item(otherID, "b"))
			await.True(t, "the other holds", theirs.Held)
			a := s.announce(t, ours)
			await.True(t, "held by the other is said", func() bool { return a.State().HeldBy == otherID })
			Names(t, "reason", a.Reason, ours.Key, otherID)
			await.True(t, "state", s.Has(only(Item(otherID, "b"))))
			Want(t, "end of the other", theirs.End(nil), nil)
			await.True(t, "ours is there", s.Has(only(ours)))
			await.True(t, "it says so", a.Held)
		}},
		{"leaves a record without an id alone", func(t *testing.T, s stage) {
			s.Put(t, ours.Key, `{"host":"10.0.0.9"}`)
			a := s.announce(t, ours)
			await.True(t, "it is named", func() bool { return a.State().HeldBy == "a record without an id" })
			Want(t, "end", a.End(nil), nil)
			await.True(t, "state", s.Has(map[string]string{ours.Key: `{"host":"10.0.0.9"}`}))
		}},
		{"puts none of the keys while one is another's", func(t *testing.T, s stage) {
			theirs := string(Item(otherID, "b").Value)
			s.Put(t, second.Key, theirs)
			a := s.announce(t, ours, second)
			await.True(t, "the other is named", func() bool { return a.State().HeldBy == otherID })
			await.True(t, "state", s.Has(map[string]string{second.Key: theirs}))
			s.Delete(t, second.Key)
			await.True(t, "it holds", a.Held)
		}},
		{"is taken over by the same id without a gap, and the old lease takes nothing away", func(t *testing.T, s stage) {
			// Longer than a busy machine may take for the second to come.
			ttl := 3 * s.Lease()
			first := Announce(t, s.Open(t), ttl, ours)
			await.True(t, "the first holds", first.Held)
			oldLease := first.leaseName()
			// Handing over leaves what kill -9 leaves: a key and a lease that
			// nobody renews.
			Want(t, "end of the first", first.End(registry.ErrHandOver), nil)
			next := Item(ourID, "b")
			successor := Announce(t, s.Open(t), ttl, next)
			await.True(t, "the successor holds", successor.Held)
			if successor.leaseName() == oldLease {
				time.Sleep(ttl + s.Lease()) // keys of one lease time share a lease, which lives on
			} else {
				store := s.Open(t)
				await.True(t, "the old lease is over", func() bool {
					left, err := store.Left(t.Context(), oldLease)
					return err == nil && left <= 0
				})
			}
			await.True(t, "state", s.Has(only(next)))
			s.NeverDeleted(t, ours.Key)
		}},
		{"goes with the lease when nobody takes over", func(t *testing.T, s stage) {
			a := s.announce(t, ours)
			await.True(t, "it holds", a.Held)
			Want(t, "end", a.End(registry.ErrHandOver), nil)
			await.True(t, "still there", s.Has(only(ours)))
			await.True(t, "the key is gone", s.Has(nothing))
		}},
		{"heals after the store hung for longer than the lease", func(t *testing.T, s stage) {
			a := s.announce(t, ours)
			await.True(t, "it holds", a.Held)
			s.Freeze()
			await.True(t, "it does not hold any more", func() bool { return !a.State().Held })
			s.Thaw()
			await.True(t, "it holds again", a.Held)
			await.True(t, "the key is there", s.Has(only(ours)))
			Want(t, "end", a.End(nil), nil)
			await.True(t, "the key is gone", s.Has(nothing))
		}},
		{"withdrawn while the store hangs leaves no ghost when it wakes", func(t *testing.T, s stage) {
			lease, stop := runLease(t, s)
			end := hold(t, lease, ours)
			await.True(t, "the key is there", s.Has(only(ours)))
			s.Freeze()
			if err := end(); err == nil {
				t.Error("Hold = nil, want an error: the key could not be taken away")
			} else {
				Contains(t, "error", err.Error(), "withdraw "+ours.Key, "ends by itself within "+s.Expiry().String(), s.Address())
			}
			s.Thaw()
			await.True(t, "the key is gone", s.Has(nothing))
			// The lease itself goes on and is good for the next announcement.
			next := Item(ourID, "b")
			end = hold(t, lease, next)
			await.True(t, "the key is there again", s.Has(only(next)))
			Want(t, "Hold", end(), nil)
			Want(t, "Run", stop(), nil)
		}},
		{"waits for a store that is down at the start", func(t *testing.T, s stage) {
			s.Kill()
			a := s.announce(t, ours)
			Names(t, "reason", a.Reason, "connection refused", s.Address())
			s.Restart()
			await.True(t, "it holds", a.Held)
		}},
	}
	var all []aCase
	for _, c := range cases {
		all = append(all, aCase{c.claim, func(t *testing.T, server Server) {
			s := stage{server, Follow(t, server.Open(t), "/s/")}
			await.True(t, "the list came", func() bool { return s.Completes() > 0 })
			c.test(t, s)
		}})
	}
	each(t, start, all)
}

// runLease runs a lease; stop ends it and returns what Run did.
func runLease(t *testing.T, s stage) (lease registry.Lease, stop func() error) {
	t.Helper()
	lease, err := s.Open(t).NewLease(s.Lease())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- lease.Run(ctx) }()
	return lease, func() error { cancel(); return <-done }
}

// hold holds items; end ends that and returns what Hold did.
func hold(t *testing.T, lease registry.Lease, items ...registry.Item) (end func() error) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- lease.Hold(ctx, items, func(registry.HoldState) {}) }()
	return func() error { cancel(); return <-done }
}

func testNewLease(t *testing.T, start func(t *testing.T) Server) {
	store := start(t).Open(t)
	for _, bad := range []time.Duration{0, 4 * time.Second, 5500 * time.Millisecond, -time.Minute} {
		t.Run("refuses "+bad.String(), func(t *testing.T) {
			if _, err := store.NewLease(bad); err == nil {
				t.Errorf("NewLease(%s) = nil, want an error", bad)
			} else {
				Contains(t, "error", err.Error(), bad.String())
			}
		})
	}
}
