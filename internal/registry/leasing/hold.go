package leasing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rundock/internal/registry"
	"rundock/internal/registry/retry"
)

// Hold implements registry.Lease.
func (l *Lease) Hold(ctx context.Context, items []registry.Item, onState func(registry.HoldState)) error {
	h := hold{lease: l, items: items, onState: onState}
	var attempts retry.Backoff
	for ctx.Err() == nil {
		id, changed, _ := l.current()
		if id == "" {
			if err := l.reason(); err != errNotAsked {
				h.tell(registry.HoldState{Reason: err.Error()})
			}
			h.await(ctx, changed)
			continue
		}
		began := time.Now()
		h.turn(ctx, id, changed)
		attempts.After(time.Since(began))
		attempts.Wait(ctx, nil)
	}
	if context.Cause(ctx) == registry.ErrHandOver || h.id == "" {
		return nil
	}
	if err := l.retire(context.WithoutCancel(ctx), h.id); err != nil {
		return fmt.Errorf("withdraw %s: %w", items[0].Key, err)
	}
	return nil
}

type hold struct {
	lease   *Lease
	items   []registry.Item
	onState func(registry.HoldState)
	told    *registry.HoldState

	id  string // under which a claim was made; "": none was
	put bool   // and succeeded
}

// turn claims the keys and watches over them until there is a reason to claim
// again.
func (h *hold) turn(ctx context.Context, id string, changed <-chan struct{}) {
	if id != h.id {
		h.id, h.put = id, false
	}
	got, err := h.lease.store.Claim(ctx, id, h.items)
	switch {
	case errors.Is(err, ErrGone):
		h.lease.lost(id)
		return
	case err != nil && ctx.Err() != nil:
		return // nothing is known of it, and it is withdrawn
	case err != nil:
		h.trouble(err)
		return
	case got.HeldBy != "":
		h.put = false
		h.tell(registry.HoldState{HeldBy: got.HeldBy, Reason: fmt.Sprintf("%s is held by %s", got.HeldKey, got.HeldBy)})
	default:
		h.put = true
		h.tell(registry.HoldState{Held: true})
	}
	if err := h.watch(ctx, got.Revision, changed); err != nil && h.put {
		h.trouble(err)
	}
}

// watch returns when one of the keys changed after revision, when the lease
// changed or ctx is done, all without an error, or when it cannot tell.
func (h *hold) watch(ctx context.Context, revision int64, changed <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-ctx.Done():
		case <-changed:
			cancel()
		}
	}()
	err := h.lease.store.Changed(ctx, revision, h.items)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// await waits for a lease, not so long that the reason told gets old.
func (h *hold) await(ctx context.Context, changed <-chan struct{}) {
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-changed:
	case <-timer.C:
	}
}

func (h *hold) trouble(err error) {
	state := registry.HoldState{Held: h.put && h.lease.alive(h.id), Reason: err.Error()}
	if h.put && !state.Held {
		state.Reason = fmt.Sprintf("lease of %s ran out: %s", h.lease.ttl, state.Reason)
	}
	h.tell(state)
}

func (h *hold) tell(state registry.HoldState) {
	if h.told == nil || *h.told != state {
		h.told = &state
		h.onState(state)
	}
}
