package leasing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"rundock/internal/registry"
	"rundock/internal/registry/retry"
)

// errNotAsked is not worth telling: the answer is on its way.
var errNotAsked = errors.New("no lease yet")

// Lease is a registry.Lease.
type Lease struct {
	store Backend
	ttl   time.Duration
	log   *slog.Logger

	mu      sync.Mutex
	id      string        // "": none
	renewed time.Time     // id was, as of when the request was sent
	err     error         // why there is none, or why the last renewal failed
	retired []string      // ids still to be revoked
	changed chan struct{} // closed and replaced when id or retired changes
}

// New returns a lease of ttl, which is in whole seconds and at least
// registry.MinLease. Its Run asks the store for it.
func New(store Backend, ttl time.Duration, log *slog.Logger) (*Lease, error) {
	if ttl < registry.MinLease || ttl%time.Second != 0 {
		return nil, fmt.Errorf("lease %s: want whole seconds, at least %s", ttl, registry.MinLease)
	}
	return &Lease{store: store, ttl: ttl, log: log, err: errNotAsked, changed: make(chan struct{})}, nil
}

// longestRenewal is how long a lease may be without a renewal that could be: of a
// long one, too, who holds it can know that the store is away well before it ends.
const longestRenewal = 5 * time.Second

// Renewal is how often a lease of ttl is renewed: three times within its life, or
// more often where that is long.
func Renewal(ttl time.Duration) time.Duration { return min(ttl/3, longestRenewal) }

// Run implements registry.Lease.
func (l *Lease) Run(ctx context.Context) error {
	var attempts retry.Backoff
	for ctx.Err() == nil {
		id, changed, _ := l.current()
		if err := l.step(ctx, id); err != nil {
			l.failed(err)
			attempts.Wait(ctx, changed)
			continue
		}
		attempts = retry.Backoff{}
		_, changed, reached := l.current()
		if !reached {
			continue
		}
		timer := time.NewTimer(Renewal(l.ttl))
		select {
		case <-ctx.Done():
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
	if context.Cause(ctx) == registry.ErrHandOver {
		return nil
	}
	l.mu.Lock()
	if l.id != "" {
		l.retired = append(l.retired, l.id)
	}
	l.id = ""
	left := slices.Clone(l.retired)
	l.mu.Unlock()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), registry.Goodbye)
	defer cancel()
	for _, id := range left {
		if err := l.revoke(last, id); err != nil {
			return err
		}
	}
	return nil
}

// step brings the store one step to where it should be: retired leases revoked,
// id renewed, or one granted if there is none.
func (l *Lease) step(ctx context.Context, id string) error {
	for {
		l.mu.Lock()
		left := slices.Clone(l.retired)
		l.mu.Unlock()
		if len(left) == 0 {
			break
		}
		if err := l.revokeOnce(ctx, left[0]); err != nil {
			return err
		}
	}
	if id == "" {
		return l.grant(ctx)
	}
	return l.renew(ctx, id)
}

func (l *Lease) grant(ctx context.Context) error {
	asked := time.Now()
	id, err := l.store.Grant(ctx, l.ttl)
	if err != nil {
		return fmt.Errorf("grant lease: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.id, l.renewed, l.err = id, asked, nil
	l.wake()
	return nil
}

func (l *Lease) renew(ctx context.Context, id string) error {
	asked := time.Now()
	age, err := l.store.Renew(ctx, id, l.ttl)
	if errors.Is(err, ErrGone) {
		l.lost(id)
		return nil
	}
	if err != nil {
		return fmt.Errorf("renew lease: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.id == id {
		l.renewed, l.err = asked.Add(-age), nil
	}
	return nil
}

// lost is told that the store does not know id any more.
func (l *Lease) lost(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.id != id {
		return
	}
	l.log.Warn("the store lost the lease, asking for a new one", "lease", id, "renewed", time.Since(l.renewed).Round(time.Millisecond).String()+" ago")
	l.id, l.err = "", fmt.Errorf("lease lost after %s", time.Since(l.renewed).Round(time.Second))
	l.wake()
}

func (l *Lease) failed(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

// retire takes away the keys held under id by revoking it: that deletes
// exactly the keys still attached, so none a successor has taken over, and a
// put of ours that is still on its way fails after it. Run goes on with a new
// lease at once. What cannot be revoked now, within 3 s, is left to Run, and
// the error says so; id is not renewed any more in any case.
func (l *Lease) retire(ctx context.Context, id string) error {
	l.mu.Lock()
	if l.id == id {
		l.id, l.err = "", errNotAsked
		l.wake()
	}
	l.mu.Unlock()
	bounded, cancel := context.WithTimeout(ctx, registry.Goodbye)
	defer cancel()
	err := l.revoke(bounded, id)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.retired = append(l.retired, id)
		l.wake()
	}
	return err
}

// revoke tries until ctx ends.
func (l *Lease) revoke(ctx context.Context, id string) error {
	var attempts retry.Backoff
	for {
		err := l.revokeOnce(ctx, id)
		if err == nil {
			return nil
		}
		attempts.Wait(ctx, nil)
		if ctx.Err() != nil {
			if errors.Is(err, ctx.Err()) {
				err = l.store.NoAnswer(registry.Goodbye)
			}
			return fmt.Errorf("revoke lease (it ends by itself within %s): %w", l.store.Expiry(l.ttl), err)
		}
	}
}

func (l *Lease) revokeOnce(ctx context.Context, id string) error {
	if err := l.store.Revoke(ctx, id); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.retired = slices.DeleteFunc(l.retired, func(old string) bool { return old == id })
	return nil
}

// current returns the lease there is, what is closed when that changes, and
// whether Run has nothing to do but to renew it.
func (l *Lease) current() (id string, changed <-chan struct{}, reached bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.id, l.changed, l.id != "" && len(l.retired) == 0
}

// reason says why there is no lease or why it is in danger.
func (l *Lease) reason() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// alive reports whether keys put under id are still there as far as we can
// know: it was renewed within its life.
func (l *Lease) alive(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.id == id && id != "" && time.Since(l.renewed) < l.ttl
}

// Remains implements registry.Lease.
func (l *Lease) Remains() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.id == "" {
		return 0
	}
	return l.ttl - time.Since(l.renewed)
}

// wake tells whoever waits for changed. l.mu is locked.
func (l *Lease) wake() {
	close(l.changed)
	l.changed = make(chan struct{})
}
