package serve

import (
	"context"
	"sync/atomic"
	"testing"

	"rundock/internal/await"
	"rundock/internal/registry"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/registrytest"
)

// counted counts the watches there are of a store.
type counted struct {
	Store
	now, all atomic.Int32
}

func (c *counted) Watch(ctx context.Context, prefix string, on func(registry.Batch), onHealth func(error)) error {
	c.now.Add(1)
	c.all.Add(1)
	defer c.now.Add(-1)
	return c.Store.Watch(ctx, prefix, on, onHealth)
}

// Many who watch one prefix cost the store one watch. Who comes late gets what is
// known as one complete batch, and then changes as the others do.
func TestWatchersShareAWatch(t *testing.T) {
	t.Parallel()
	e := etcdtest.Start(t, "embedded", nil)
	store := &counted{Store: openEtcd(t, e.URL)}
	f := front{serveHere(t, store)}
	behind := etcdBehind{e, f, e.Admin()}
	want := map[string]string{}
	for i := range 3 * partSize { // a list in parts
		key := "/s/" + string(rune('a'+i%20)) + "/" + string(rune('A'+i%23)) + string(rune('a'+i%26)) + string(rune('0'+i%10))
		if _, there := want[key]; !there {
			behind.Put(t, key, "1")
			want[key] = "1"
		}
	}
	if len(want) <= partSize {
		t.Fatalf("%d keys, want more than a part has", len(want))
	}
	var all []*registrytest.Follower
	for range 5 {
		one := registrytest.Follow(t, f.Open(t), "/s/")
		await.True(t, "the list came", one.Has(want))
		all = append(all, one)
	}
	behind.Put(t, "/s/late", "2")
	want["/s/late"] = "2"
	for _, one := range all {
		await.True(t, "the change came", one.Has(want))
		if n := one.Completes(); n != 1 {
			t.Errorf("complete batches = %d, want 1", n)
		}
	}
	if n := store.all.Load(); n != 1 {
		t.Errorf("watches of the store = %d, want 1", n)
	}

	client := f.Open(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- client.Watch(ctx, "/other/", func(registry.Batch) {}, func(error) {}) }()
	await.True(t, "another prefix is watched", func() bool { return store.now.Load() == 2 })
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Watch = %v, want nil once its context is done", err)
	}
	await.True(t, "nobody watches it any more", func() bool { return store.now.Load() == 1 })
}
