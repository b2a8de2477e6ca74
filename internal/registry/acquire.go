package registry

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrHeld is a lock that another has.
var ErrHeld = errors.New("another holds the lock")

// Lock is a key that one process holds.
type Lock struct {
	release func()

	mu    sync.Mutex
	state HoldState
}

// Acquire takes item as a lock under a lease of its own of ttl, for which it also
// tries at most. It does not wait for another's, but returns ErrHeld. The lock is
// held until Release or the end of ctx; a holder that is killed has it for ttl.
func Acquire(ctx context.Context, store Store, ttl time.Duration, item Item) (*Lock, error) {
	lease, err := store.NewLease(ttl)
	if err != nil {
		return nil, err
	}
	held := &Lock{}
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	told := make(chan struct{}, 1)
	work.Go(func() { lease.Run(ctx) })
	work.Go(func() {
		lease.Hold(ctx, []Item{item}, func(s HoldState) {
			held.mu.Lock()
			held.state = s
			held.mu.Unlock()
			select {
			case told <- struct{}{}:
			default:
			}
		})
	})
	held.release = func() { cancel(); work.Wait() }
	patience := time.NewTimer(ttl)
	defer patience.Stop()
	for {
		var over error
		select {
		case <-told:
		case <-ctx.Done():
			over = context.Cause(ctx)
		case <-patience.C:
			over = fmt.Errorf("the lock %s cannot be had: %s", item.Key, held.Now().Reason)
		}
		switch s := held.Now(); {
		case s.Held:
			return held, nil
		case s.HeldBy != "":
			over = ErrHeld
		}
		if over != nil {
			held.Release()
			return nil, over
		}
	}
}

// Now says how the lock stands.
func (l *Lock) Now() HoldState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

// Release gives the lock back, and returns when that is done.
func (l *Lock) Release() { l.release() }
