package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rundock/internal/registry/retry"
)

// Goodbye bounds what is said to a store at the end of a process: what is not
// taken away by then goes with its lease.
const Goodbye = 3 * time.Second

// Drop takes key away if it is of id, whatever its lease: it is for what a
// predecessor left to somebody who never held the key, and so cannot revoke
// it. It tries for 3 s; found says whether there was such a key. An error says
// that it may be there until its lease ends.
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
