package serve

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/registry"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/leasing"
	"rundock/internal/registry/registrytest"
)

// asked counts what a store is asked for.
type asked struct {
	Store
	claims, renewals atomic.Int32
}

func (a *asked) Claim(ctx context.Context, lease string, items []registry.Item) (leasing.Claimed, error) {
	a.claims.Add(1)
	return a.Store.Claim(ctx, lease, items)
}

func (a *asked) Renew(ctx context.Context, lease string, ttl time.Duration) (time.Duration, error) {
	a.renewals.Add(1)
	return a.Store.Renew(ctx, lease, ttl)
}

// A store that is away is asked for its lease alone. What is still there when it is
// back costs it no write, however many services a host has.
func TestStoreComesBack(t *testing.T) {
	t.Parallel()
	const services = 50
	e := etcdtest.Start(t, "embedded", nil)
	admin := e.Admin()
	store := &asked{Store: openEtcd(t, e.URL)}
	f := front{serveHere(t, store)}
	var all []*registrytest.Announcer
	for i := range services {
		all = append(all, registrytest.Announce(t, f.Open(t), long, item(fmt.Sprint("web-", i), "a")))
	}
	held := func() bool {
		return !slices.ContainsFunc(all, func(a *registrytest.Announcer) bool { return !a.Held() })
	}
	await.True(t, "all are held", held)
	log := func() (entries uint64) {
		must(t, func(ctx context.Context) error {
			status, err := admin.Status(ctx, e.URL)
			if err == nil {
				entries = status.RaftIndex
			}
			return err
		})
		return entries
	}
	before := log()
	e.Kill()
	await.True(t, "all say that etcd is away", func() bool {
		return !slices.ContainsFunc(all, func(a *registrytest.Announcer) bool { return a.Reason() == "" })
	})
	askedForLease := func(times int32) {
		renewals := store.renewals.Load()
		await.True(t, "it was asked for the lease many times", func() bool { return store.renewals.Load() >= renewals+times })
	}
	askedForLease(10) // those that claim before the lease is known to be away have failed meanwhile
	claims := store.claims.Load()
	askedForLease(5)
	if n := store.claims.Load() - claims; n > 0 {
		t.Errorf("etcd was asked for %d claims while it was known to be away, want none", n)
	}
	e.Restart()
	await.True(t, "all are held again", held)
	if n := store.claims.Load() - claims; n > 3*services {
		t.Errorf("etcd was asked for %d claims when it was back, want one or so for each of %d services", n, services)
	}
	if n := log() - before; n > services/2 {
		t.Errorf("etcd wrote %d times since, want a few entries of its own", n)
	}
}
