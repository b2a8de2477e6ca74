package switching

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"rundock/internal/cutover"
	"rundock/internal/registry"
)

// lockLease is how long the lock outlives a holder that was killed.
const lockLease = 10 * time.Second

// lock is held while this process leads the attempt.
type lock struct {
	release func()

	mu    sync.Mutex
	state registry.HoldState
}

// take takes the lock, or says who has it. It does not wait for another's.
func take(ctx context.Context, store registry.Store, service string, l cutover.Lock) (*lock, error) {
	lease, err := store.NewLease(lockLease)
	if err != nil {
		return nil, err
	}
	held := &lock{}
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	told := make(chan struct{}, 1)
	item := registry.Item{Key: cutover.LockKey(service), Value: cutover.JSON(l), ID: l.ID}
	work.Go(func() { lease.Run(ctx) })
	work.Go(func() {
		lease.Hold(ctx, []registry.Item{item}, func(s registry.HoldState) {
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
	patience := time.NewTimer(lockLease)
	defer patience.Stop()
	for {
		var over error
		select {
		case <-told:
		case <-ctx.Done():
			over = context.Cause(ctx)
		case <-patience.C:
			over = fmt.Errorf("the lock of %s cannot be had: %s", service, held.now().Reason)
		}
		switch s := held.now(); {
		case s.Held:
			return held, nil
		case s.HeldBy != "":
			over = errHeld
		}
		if over != nil {
			held.release()
			return nil, over
		}
	}
}

// errHeld is a lock that another has.
var errHeld = errors.New("another holds the lock")

func (l *lock) now() registry.HoldState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}
