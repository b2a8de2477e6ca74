package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rundock/internal/registry/retry"
)

// Goodbye bounds the calls that a process makes to the store before it ends:
// keys that it has not taken away by then go with their lease.
const Goodbye = 3 * time.Second

// Drop deletes key if it has id, whatever its lease: it is for a key that a
// predecessor handed over to a process that never held it and so cannot revoke
// the lease. It tries for 3 s. found reports whether there was such a key; an
// error means that it may be there until its lease ends.
func Drop(ctx context.Context, store Store, key, id string) (found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, Goodbye)
	defer cancel()
	var attempts retry.Backoff
	last := fmt.Errorf("no answer within %s", Goodbye)
	for ctx.Err() == nil {
		gone, err := dropOnce(ctx, store, key, id, &found)
		switch {
		case gone:
			return found, nil
		case err == nil:
			last = errors.New("it keeps changing")
		case !errors.Is(err, ctx.Err()): // what the end of our time says names no store
			last = err
		}
		attempts.Wait(ctx, nil)
	}
	return found, fmt.Errorf("withdraw %s (it ends with its lease): %w", key, last)
}

func dropOnce(ctx context.Context, store Store, key, id string, found *bool) (gone bool, err error) {
	now, err := store.Read(ctx, []string{key})
	if err != nil {
		return false, err
	}
	if !now[0].Exists || now[0].ID != id {
		return true, nil
	}
	*found = true
	return store.Swap(ctx, Swap{Key: key, Old: now[0].Value})
}
