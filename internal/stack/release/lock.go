package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rundock/internal/registry"
)

// lockLease is how long a lock outlives what holds it for a run and was killed.
const lockLease = 15 * time.Second

// Acquire takes the lock of a stack, and returns what the store has of the stack
// under it. Where another run has it, the error names the holder.
func Acquire(ctx context.Context, store registry.Store, stack string, l Lock) (*registry.Lock, View, error) {
	held, err := registry.Acquire(ctx, store, lockLease, registry.Item{Key: LockKey(stack), Value: encode(l), ID: l.ID})
	if errors.Is(err, registry.ErrHeld) {
		err = holder(ctx, store, stack)
	}
	if err != nil {
		return nil, View{}, fmt.Errorf("lock of stack %s: %w", stack, err)
	}
	v, err := Load(ctx, store, stack)
	if err == nil && (v.Lock == nil || v.Lock.ID != l.ID) {
		err = fmt.Errorf("lock of stack %s: %w", stack, ErrSuperseded)
	}
	if err != nil {
		held.Release()
		return nil, View{}, err
	}
	return held, v, nil
}

// holder says who has the lock.
func holder(ctx context.Context, store registry.Store, stack string) error {
	v, err := Load(ctx, store, stack)
	switch {
	case err != nil:
		return fmt.Errorf("%w, and who has it cannot be read: %w", registry.ErrHeld, err)
	case v.Lock == nil:
		return fmt.Errorf("%w, and has given it back now: try again", registry.ErrHeld)
	}
	return fmt.Errorf("%w: %s; should that run have been killed, the lock ends by itself, that of stack.yml within two minutes", registry.ErrHeld, v.Lock)
}
