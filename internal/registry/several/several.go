// Package several announces records in two stores at once, each with a lease of
// its own: what happens to one of them takes nothing from the other.
package several

import (
	"context"
	"errors"
	"sync"
	"time"

	"rundock/internal/registry"
)

// Stores is a registry.Store. A lease is one in each store; all else is asked of
// Own alone.
type Stores struct{ Own, Other registry.Store }

// Watch implements registry.Store.
func (s Stores) Watch(ctx context.Context, prefix string, on func(registry.Batch), onHealth func(error)) error {
	return s.Own.Watch(ctx, prefix, on, onHealth)
}

// Read implements registry.Store.
func (s Stores) Read(ctx context.Context, keys []string) ([]registry.Found, error) {
	return s.Own.Read(ctx, keys)
}

// List implements registry.Store.
func (s Stores) List(ctx context.Context, prefix string) ([]registry.Listed, int64, error) {
	return s.Own.List(ctx, prefix)
}

// Swap implements registry.Store. Both stores are written to, Own first; a key
// that is not in Other as it was in Own is none of ours there.
func (s Stores) Swap(ctx context.Context, swap registry.Swap) (bool, error) {
	done, err := s.Own.Swap(ctx, swap)
	if err != nil {
		return done, err
	}
	_, err = s.Other.Swap(ctx, swap)
	return done, err
}

// Left implements registry.Store.
func (s Stores) Left(ctx context.Context, lease string) (time.Duration, error) {
	return s.Own.Left(ctx, lease)
}

// Close implements registry.Store.
func (s Stores) Close() error { return errors.Join(s.Own.Close(), s.Other.Close()) }

// NewLease implements registry.Store.
func (s Stores) NewLease(ttl time.Duration) (registry.Lease, error) {
	own, err := s.Own.NewLease(ttl)
	if err != nil {
		return nil, err
	}
	other, err := s.Other.NewLease(ttl)
	if err != nil {
		return nil, err
	}
	return lease{own, other}, nil
}

type lease struct{ own, other registry.Lease }

// Run implements registry.Lease.
func (l lease) Run(ctx context.Context) error {
	return both(func() error { return l.own.Run(ctx) }, func() error { return l.other.Run(ctx) })
}

// Hold implements registry.Lease. It is held once it is in both stores; the
// reason is of whichever it is not well in, Own before Other.
func (l lease) Hold(ctx context.Context, items []registry.Item, onState func(registry.HoldState)) error {
	var mu sync.Mutex
	var states [2]registry.HoldState
	var told *registry.HoldState
	say := func(i int) func(registry.HoldState) {
		return func(s registry.HoldState) {
			mu.Lock()
			defer mu.Unlock()
			states[i] = s
			if now := merged(states); told == nil || *told != now {
				told = &now
				onState(now)
			}
		}
	}
	return both(
		func() error { return l.own.Hold(ctx, items, say(0)) },
		func() error { return l.other.Hold(ctx, items, say(1)) },
	)
}

// merged is how a hold in two stores stands.
func merged(states [2]registry.HoldState) registry.HoldState {
	out := registry.HoldState{Held: states[0].Held && states[1].Held}
	for _, s := range states {
		if out.Reason == "" && out.HeldBy == "" {
			out.Reason, out.HeldBy = s.Reason, s.HeldBy
		}
	}
	return out
}

// both runs a and b side by side.
func both(a, b func() error) error {
	other := make(chan error, 1)
	go func() { other <- b() }()
	return errors.Join(a(), <-other)
}
