package registrytest

import (
	"context"
	"maps"
	"sync"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/registry"
)

// Follower folds a watch into the state a consumer would have.
type Follower struct {
	mu       sync.Mutex
	state    map[string]string
	batches  []registry.Batch
	complete int
	health   []error
	gate     sync.Mutex // held by a test to keep the consumer busy
}

// Follow watches prefix until the test ends.
func Follow(t *testing.T, store registry.Store, prefix string) *Follower {
	t.Helper()
	f := &Follower{state: map[string]string{}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- store.Watch(ctx, prefix, f.on, f.onHealth) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Watch = %v, want nil once its context is done", err)
		}
	})
	return f
}

func (f *Follower) on(b registry.Batch) {
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

func (f *Follower) onHealth(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.health = append(f.health, err)
}

// Has is true once the state is want.
func (f *Follower) Has(want map[string]string) func() bool {
	return func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return maps.Equal(f.state, want)
	}
}

// Batches are all that came so far.
func (f *Follower) Batches() []registry.Batch {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.batches[:len(f.batches):len(f.batches)]
}

// revision is that of the last batch.
func (f *Follower) revision() int64 {
	batches := f.Batches()
	return batches[len(batches)-1].Revision
}

// Completes is how many complete batches came.
func (f *Follower) Completes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.complete
}

// Reason is why f is unhealthy, "" while it is not.
func (f *Follower) Reason() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.health) == 0 || f.health[len(f.health)-1] == nil {
		return ""
	}
	return f.health[len(f.health)-1].Error()
}

// Unhealthy reports whether the watch is broken.
func (f *Follower) Unhealthy() bool { return f.Reason() != "" }

// NeverDeleted fails if watchers ever saw the key deleted.
func (f *Follower) NeverDeleted(t *testing.T, key string) {
	t.Helper()
	for _, b := range f.Batches() {
		for _, c := range b.Changes {
			if c.Key == key && c.Value == nil {
				t.Errorf("watchers saw %s deleted at revision %d", c.Key, b.Revision)
			}
		}
	}
}

// Names waits until text names all parts: on a busy machine the first reason
// given may be that there was no answer in time.
func Names(t *testing.T, what string, text func() string, parts ...string) {
	t.Helper()
	await.Empty(t, what, func() string { return missing(text(), parts) })
}

// quiet waits for a while in which count does not change: a busy machine may
// have the connection of somebody idle cut, but not again and again.
func quiet(t *testing.T, what string, count func() int) {
	t.Helper()
	const while = 12 * time.Second // longer than a store may take to notice a silent connection, twice
	for range 5 {
		before := count()
		time.Sleep(while)
		if count() == before {
			return
		}
	}
	t.Fatalf("never came to rest: %s", what)
}
