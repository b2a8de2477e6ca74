package slotlock

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/registry"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/stack"
)

// long is a lease that a busy machine does not let run out.
const long = 30 * time.Second

var key = Key("shop", stack.Slot{Service: "db", Number: 1})

// a site is a store with hosts that have one slot.
type site struct {
	*testing.T
	etcd *etcdtest.Server
}

func newSite(t *testing.T) *site {
	t.Parallel()
	return &site{t, etcdtest.Start(t, "embedded", nil)}
}

func open(t *testing.T, url string) registry.Store {
	t.Helper()
	store, err := etcd.Open(etcd.Config{Endpoints: []string{url}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// host has a part in the lock until the test ends.
func (s *site) host(name string, main bool) *Guard {
	s.Helper()
	g := &Guard{Lock: Lock{
		Store: open(s.T, s.etcd.URL), Key: key, Own: Holder{ID: name + "/shop-db-1", Host: name}, Main: main,
		Margin: 10 * time.Second, Log: slog.New(slog.DiscardHandler), Free: 2 * time.Second, TTL: long,
	}}
	s.Cleanup(g.Leave)
	return g
}

func (s *site) start(g *Guard) *Guard {
	g.Start(context.Background(), 0)
	return g
}

func (g *Guard) is(want State) func() bool {
	return func() bool {
		now, _ := g.Now()
		now.Reason, now.Free = "", time.Time{}
		return now == want
	}
}

func (g *Guard) free() bool {
	now, _ := g.Now()
	return !now.Free.IsZero()
}

var (
	held  = State{Held: true}
	byOne = State{By: "one"}
	byTwo = State{By: "two"}
)

func TestMainHostTakesALockThatNobodyHas(t *testing.T) {
	s := newSite(t)
	one := s.host("one", true)
	one.Start(context.Background(), long)
	if now, _ := one.Now(); now != held {
		t.Fatalf("once it is known: %+v, want that it is held", now)
	}
	ctx, cancel := one.Context(context.Background())
	defer cancel()
	one.Give()
	<-ctx.Done()
	if cause := context.Cause(ctx); cause != ErrLost {
		t.Errorf("what went on under the lock ends for %v, want %v", cause, ErrLost)
	}
	if keys, err := s.etcd.Keys(context.Background(), Prefix); err != nil || len(keys) > 0 {
		t.Errorf("after it was given back there is %v (%v)", keys, err)
	}
}

func TestStandbyWaitsUntilNobodyHadTheLockForAWhile(t *testing.T) {
	s := newSite(t)
	two := s.start(s.host("two", false))
	await.True(t, "the standby sees that nobody has it", two.free)
	one := s.start(s.host("one", true))
	await.True(t, "the main host has it", one.is(held))
	await.True(t, "the standby knows whose it is", two.is(byOne))
	one.Give()
	await.True(t, "the standby has it", two.is(held))
	s.start(one)
	await.True(t, "who returns finds it held", one.is(byTwo))
	two.Give()
	await.True(t, "who has seen it held waits as well", one.free)
	await.True(t, "and then takes it", one.is(held))
}

// The holder has the key again before the standby's time is over.
func TestKeyThatSomebodyDeletesStaysItsHolders(t *testing.T) {
	s := newSite(t)
	one := s.start(s.host("one", true))
	await.True(t, "the main host has it", one.is(held))
	two := s.start(s.host("two", false))
	await.True(t, "the standby knows whose it is", two.is(byOne))
	before := s.etcd.Admin()
	for range 3 {
		found, err := before.Get(context.Background(), key)
		if err != nil || len(found.Kvs) == 0 {
			t.Fatalf("the key is not there: %v", err)
		}
		if _, err := before.Delete(context.Background(), key); err != nil {
			t.Fatal(err)
		}
		await.True(t, "it is there again", func() bool {
			again, err := before.Get(context.Background(), key)
			return err == nil && len(again.Kvs) > 0 && again.Kvs[0].CreateRevision != found.Kvs[0].CreateRevision
		})
	}
	if !one.is(held)() || two.is(held)() {
		t.Errorf("one: %+v, two: %+v; want that one has it", one.state, two.state)
	}
}

func TestSuccessorOfTheSameIDTakesTheLockOver(t *testing.T) {
	s := newSite(t)
	two := s.start(s.host("two", false))
	await.True(t, "nobody has it for a while", two.is(held))
	two.Leave()
	again := s.start(s.host("two", false))
	await.True(t, "the successor has it", again.is(held))
	again.Leave()
	one := s.start(s.host("one", true))
	await.True(t, "nobody else has", one.is(byTwo))
}

// As the process that stops what another one has left does.
func TestGuardThatWasNeverAtWorkGivesBackWhatOneBeforeHasLeft(t *testing.T) {
	s := newSite(t)
	one, two := s.start(s.host("one", true)), s.host("two", false)
	await.True(t, "the main host has it", one.is(held))
	one.Leave()
	two.Give()
	if keys, err := s.etcd.Keys(context.Background(), Prefix); err != nil || len(keys) != 1 {
		t.Errorf("another has given it back: there is %v (%v)", keys, err)
	}
	s.host("one", true).Give()
	if keys, err := s.etcd.Keys(context.Background(), Prefix); err != nil || len(keys) > 0 {
		t.Errorf("after it was given back there is %v (%v)", keys, err)
	}
}

func TestUnreadableValueIsSomebodyElses(t *testing.T) {
	s := newSite(t)
	s.etcd.Put(key, "?", 0)
	one := s.start(s.host("one", true))
	await.True(t, "it is another's", func() bool { now, _ := one.Now(); return now.By != "" })
	if _, err := s.etcd.Admin().Delete(context.Background(), key); err != nil {
		t.Fatal(err)
	}
	await.True(t, "it is taken once that is gone", one.is(held))
}

func TestHolderWithoutAStoreLosesTheLockBeforeItEnds(t *testing.T) {
	s := newSite(t)
	one := s.host("one", true)
	one.Lock.TTL, one.Lock.Margin = 14*time.Second, 8*time.Second
	s.start(one)
	await.True(t, "it is held", one.is(held))
	s.etcd.Freeze()
	ctx, cancel := one.Context(context.Background())
	defer cancel()
	<-ctx.Done()
	if now, _ := one.Now(); now.Reason == "" {
		t.Errorf("it says nothing of why: %+v", now)
	}
	s.etcd.Thaw()
	await.True(t, "it is held again", one.is(held))
}

// What a lease has left is counted by a clock that stands still while the host is suspended.
func TestHolderThatWasSuspendedClaimsTheLockAnew(t *testing.T) {
	s := newSite(t)
	one := s.host("one", true)
	var asleep atomic.Int64
	one.Lock.slept = func() time.Duration { return time.Duration(asleep.Load()) }
	s.start(one)
	await.True(t, "the main host has it", one.is(held))
	for range 2 {
		ctx, cancel := one.Context(context.Background())
		asleep.Add(int64(2 * time.Second))
		<-ctx.Done()
		cancel()
		await.True(t, "it is claimed anew", one.is(held))
	}
}
