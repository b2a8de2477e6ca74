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

// Drop deletes those of keys that have id, whatever their lease: it is for keys
// that a predecessor handed over to a process that never held them and so cannot
// revoke the lease. It tries for 3 s. found reports whether there was such a key;
// an error names the first that may be there until its lease ends.
func Drop(ctx context.Context, store Store, keys []string, id string) (found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, Goodbye)
	defer cancel()
	var attempts retry.Backoff
	last := fmt.Errorf("no answer within %s", Goodbye)
	for ctx.Err() == nil {
		keys, err = dropOnce(ctx, store, keys, id, &found)
		switch {
		case len(keys) == 0:
			return found, nil
		case err == nil:
			last = errors.New("it keeps changing")
		case !errors.Is(err, ctx.Err()): // what the end of our time says names no store
			last = err
		}
		attempts.Wait(ctx, nil)
	}
	return found, fmt.Errorf("withdraw %s (it ends with its lease): %w", keys[0], last)
}

// dropOnce is one try of Drop; left are the keys that may be there yet.
func dropOnce(ctx context.Context, store Store, keys []string, id string, found *bool) (left []string, err error) {
	now, err := store.Read(ctx, keys)
	if err != nil {
		return keys, err
	}
	for i, f := range now {
		if !f.Exists || f.ID != id {
			continue
		}
		*found = true
		gone, err := store.Swap(ctx, Swap{Key: f.Key, Old: f.Value})
		switch {
		case err != nil:
			return append(left, keys[i:]...), err
		case !gone:
			left = append(left, f.Key)
		}
	}
	return left, nil
}
