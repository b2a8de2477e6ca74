// Package several announces records in two stores at once, each with a lease of
// its own: what happens to one of them takes nothing from the other. The host's
// own store decides who has a name.
package several

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"rundock/internal/registry"
)

// Stores is a registry.Store. A lease is one in each store; all else is asked of
// Own alone.
type Stores struct {
	Own, Other registry.Store
	Title      string // what people call Other: Consul
}

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

// Transact implements registry.Store, as Swap does.
func (s Stores) Transact(ctx context.Context, swaps []registry.Swap) (bool, error) {
	done, err := s.Own.Transact(ctx, swaps)
	if err != nil {
		return done, err
	}
	_, err = s.Other.Transact(ctx, swaps)
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
	return lease{own, other, s.Title}, nil
}

type lease struct {
	own, other registry.Lease
	title      string // of other
}

// Run implements registry.Lease.
func (l lease) Run(ctx context.Context) error {
	return both(func() error { return l.own.Run(ctx) }, func() error { return l.other.Run(ctx) })
}

// Remains implements registry.Lease: it is of the own store.
func (l lease) Remains() time.Duration { return l.own.Remains() }

// Hold implements registry.Lease. Held, Reason and HeldBy are of the own store, Lacks
// and Second of the other. Keys that are another's in the own store are not held
// in the other; while the own store cannot be asked, they are.
func (l lease) Hold(ctx context.Context, items []registry.Item, onState func(registry.HoldState)) error {
	var mu sync.Mutex
	var own, other registry.HoldState
	var told *registry.HoldState
	say := func(of *registry.HoldState, state registry.HoldState) {
		mu.Lock()
		defer mu.Unlock()
		*of = state
		if now := l.merged(own, other); told == nil || *told != now {
			told = &now
			onState(now)
		}
	}
	ours := make(chan bool, 1) // whether the own store lets the other have them, if news
	return both(
		func() error {
			return l.own.Hold(ctx, items, func(s registry.HoldState) {
				say(&own, s)
				select {
				case <-ours: // superseded
				default:
				}
				ours <- s.HeldBy == ""
			})
		},
		func() error {
			return whileOurs(ctx, ours, func(ctx context.Context) error {
				defer say(&other, registry.HoldState{})
				return l.other.Hold(ctx, items, func(s registry.HoldState) { say(&other, s) })
			})
		},
	)
}

// whileOurs runs hold from when ours gives true until it gives false, again and
// again until ctx is done. It returns what the last one did.
func whileOurs(ctx context.Context, ours <-chan bool, hold func(context.Context) error) error {
	var err error
	for may := false; ctx.Err() == nil; {
		if !may {
			select {
			case may = <-ours:
			case <-ctx.Done():
			}
			continue
		}
		holding, end := context.WithCancelCause(ctx)
		ended := make(chan error, 1)
		go func() { ended <- hold(holding) }()
		for may && ctx.Err() == nil {
			select {
			case may = <-ours:
			case <-ctx.Done():
			}
		}
		end(nil)
		err = <-ended
	}
	return err
}

// merged is how a hold in two stores stands. While they are another's, why the
// other store lacks them is no news.
func (l lease) merged(own, other registry.HoldState) registry.HoldState {
	out := own
	out.Second = other.Held
	if other.Reason != "" && own.HeldBy == "" {
		out.Lacks = fmt.Sprintf("%s lacks it: %s", l.title, other.Reason)
		if other.Held {
			out.Lacks = fmt.Sprintf("%s may lose it: %s", l.title, other.Reason)
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
