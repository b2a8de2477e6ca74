package main

import (
	"context"
	"time"
)

// addressLook is how often runner and sidecar look whether the host still has
// the addresses that they use.
const addressLook = 10 * time.Second

// moved returns true, and the host's addresses, once these are other ones than
// used twice in a row; false when ctx is done. An interface that is without an
// address for a while has not moved.
func moved(ctx context.Context, every time.Duration, used string, look func() (string, error)) (to string, ok bool) {
	for last := used; wait(ctx, every) == nil; {
		now, err := look()
		switch {
		case err != nil || now == used:
			last = used
		case now == last:
			return now, true
		default:
			last = now
		}
	}
	return "", false
}
