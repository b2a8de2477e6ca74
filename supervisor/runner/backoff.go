package runner

import (
	"context"
	"time"

	"rundock/internal/control"
)

// backoffLimit is the longest wait between two starts.
const backoffLimit = time.Minute

// crashesAfter returns the number of ends in a row that came too soon, given
// the number before and how long the container ran this time.
func crashesAfter(before int, ran time.Duration) int {
	if ran >= control.Settled {
		return 0
	}
	return before + 1
}

// backoff is how long to wait before the next start: none after the first
// crash, as supervision promises a restart at once; then 1 s, 2 s, 4 s, ... up
// to backoffLimit.
func backoff(crashes int) time.Duration {
	if crashes < 2 {
		return 0
	}
	if crashes > 7 {
		return backoffLimit
	}
	return min(backoffLimit, time.Second<<(crashes-2))
}

// backoff waits until NextStart; USR1 and USR2 cut it short.
func (r *runner) backoff(ctx context.Context) error {
	delay := time.Until(r.status.NextStart)
	if delay <= 0 {
		return nil
	}
	r.say(control.Backoff, r.status.Error)
	select {
	case <-time.After(min(delay, backoffLimit)):
	case <-r.replace:
		r.deployAnew()
	case <-r.sooner:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	r.status.NextStart = time.Time{}
	return nil
}
