package etcd

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"rundock/internal/await"
	"rundock/internal/registry"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/leasing"
	"rundock/internal/registry/registrytest"
)

// numbered is the item of a service that has the key /s/web/N.
func numbered(i int) registry.Item {
	item := registrytest.Item(fmt.Sprint("m1/web-", i), "a")
	item.Key = fmt.Sprint("/s/web/", i)
	return item
}

// asked is how often etcd was asked by a method, or got a message of a stream.
func asked(t *testing.T, e *etcdtest.Server, what, method, service, kind string) (n int) {
	t.Helper()
	await.Nil(t, "etcd says how often it was asked", func() (err error) {
		n, err = strconv.Atoi(metric(e.URL, fmt.Sprintf("grpc_server_%s_total{grpc_method=%q,grpc_service=%q,grpc_type=%q}", what, method, "etcdserverpb."+service, kind)))
		return err
	})
	return n
}

// entries is how many entries etcd's log has: one for each write, be it in vain.
func entries(t *testing.T, e *etcdtest.Server, admin *clientv3.Client) (n uint64) {
	t.Helper()
	must(t, func(ctx context.Context) error {
		status, err := admin.Status(ctx, e.URL)
		if err == nil {
			n = status.RaftIndex
		}
		return err
	})
	return n
}

// granted is a new lease.
func granted(t *testing.T, client *Client, ttl time.Duration) (lease string) {
	t.Helper()
	must(t, func(ctx context.Context) (err error) { lease, err = client.Grant(ctx, ttl); return err })
	return lease
}

// crowd claims items, all of them while etcd does not answer: one by itself, and the
// others together. It returns what came of it.
func crowd(t *testing.T, e *etcdtest.Server, client *Client, lease string, items []registry.Item) (got []leasing.Claimed, errs []error) {
	t.Helper()
	got, errs = make([]leasing.Claimed, len(items)), make([]error, len(items))
	done := make(chan bool)
	claim := func(i int) {
		got[i], errs[i] = client.Claim(t.Context(), lease, []registry.Item{items[i]})
		done <- true
	}
	waiting := func(want int) bool {
		client.claims.mu.Lock()
		defer client.claims.mu.Unlock()
		return client.claims.asking && len(client.claims.waiting) == want
	}
	e.Freeze()
	go claim(0)
	await.True(t, "the first claim is asked for", func() bool { return waiting(0) })
	for i := 1; i < len(items); i++ {
		go claim(i)
	}
	await.True(t, "all others wait", func() bool { return waiting(len(items) - 1) })
	e.Thaw()
	for range items {
		<-done
	}
	return got, errs
}

// Claims that come while etcd is asked for another go together, each as if it came by
// itself. Made again, they cost no write.
func TestClaimsGoTogether(t *testing.T) {
	eachEtcd(t, func(t *testing.T, e *etcdtest.Server) {
		client, admin := patient(t, e), e.Admin()
		lease := granted(t, client, 12*registry.MinLease)
		put(t, admin, "/s/web/7", `{"id":"m2/web"}`)
		put(t, admin, "/s/web/8", string(numbered(8).Value)) // ours, but under no lease
		if _, err := client.Claim(t.Context(), lease, []registry.Item{numbered(9)}); err != nil {
			t.Fatal(err)
		}
		var items []registry.Item
		for i := range 150 {
			items = append(items, numbered(i))
		}
		for _, round := range []struct {
			claim   string
			asked   int    // at most: one by itself, twice where its key is there, and 149 in two parts
			entries uint64 // at most, with two that etcd may make for itself
		}{{"the first time they are read and put", 2 + 4, 2 + 4}, {"then they are read", 1 + 2, 2}} {
			asks, log := asked(t, e, "started", "Txn", "KV", "unary"), entries(t, e, admin)
			got, errs := crowd(t, e, client, lease, items)
			if n := asked(t, e, "started", "Txn", "KV", "unary") - asks; n > round.asked {
				t.Errorf("%s: etcd was asked %d times, want at most %d", round.claim, n, round.asked)
			}
			if n := entries(t, e, admin) - log; n > round.entries {
				t.Errorf("%s: etcd wrote %d times, want at most %d", round.claim, n, round.entries)
			}
			for i := range items {
				var want leasing.Claimed
				if i == 7 {
					want = leasing.Claimed{HeldBy: "m2/web", HeldKey: "/s/web/7"}
				}
				if want.Revision = got[i].Revision; errs[i] != nil || got[i] != want || want.Revision == 0 {
					t.Errorf("%s: claim of %d = %+v, %v, want %+v", round.claim, i, got[i], errs[i], want)
				}
			}
		}
		keys, _, err := client.List(t.Context(), "/s/web/")
		if err != nil || len(keys) != 150 {
			t.Fatalf("etcd has %d keys, %v, want 150", len(keys), err)
		}
		for _, key := range keys {
			if want := lease; (key.Lease == want) != (key.Key != "/s/web/7") {
				t.Errorf("%s is under lease %q, want %s for all but 7", key.Key, key.Lease, want)
			}
		}
	})
}

// A claim that etcd refuses is refused alone, and a lease that is gone is gone for
// all under it.
func TestClaimsTogetherAreRefusedAlone(t *testing.T) {
	eachEtcd(t, func(t *testing.T, e *etcdtest.Server) {
		client := patient(t, e)
		lease := granted(t, client, 12*registry.MinLease)
		items := []registry.Item{numbered(0), numbered(1), numbered(2), numbered(3)}
		items[1].Key = ""
		_, errs := crowd(t, e, client, lease, items)
		for i, err := range errs {
			if (err != nil) != (i == 1) {
				t.Errorf("claim of %q: %v, want an error for the empty key alone", items[i].Key, err)
			}
		}
		if err := client.Revoke(t.Context(), lease); err != nil {
			t.Fatal(err)
		}
		items[1] = numbered(1)
		_, errs = crowd(t, e, client, lease, items)
		for i, err := range errs {
			if !errors.Is(err, leasing.ErrGone) {
				t.Errorf("claim of %q under a lease that was revoked: %v, want %v", items[i].Key, err, leasing.ErrGone)
			}
		}
	})
}
