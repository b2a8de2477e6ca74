// Package pause is the one way to do nothing for a while and yet end at once
// when told to.
package pause

import (
	"context"
	"time"
)

// For waits for d and returns nil, or ctx's cause as soon as ctx is done.
func For(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
