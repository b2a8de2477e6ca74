package runner

import (
	"context"
	"time"

	"rundock/internal/control"
)

// backoffLimit is the longest wait between two starts.
const backoffLimit = time.Minute

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

// crashesAfter returns the number of ends in a row that came too soon, given
// the number before and how long the container ran this time.
func crashesAfter(before int, ran time.Duration) int {
	if ran >= control.Stable {
		return 0
	}
	return before + 1
}

// retries says when the next attempt is made. What it goes by is in the status
// file, where a successor finds it.
type retries struct {
	status  *status
	signals *signals
}

// putOff puts the next attempt off by as much as crashes call for, and by least
// at least, since something has failed now.
func (r retries) putOff(least time.Duration) (delay time.Duration) {
	delay = max(backoff(r.status.Crashes), least)
	r.status.Failed = time.Now()
	r.status.NextStart = r.status.Failed.Add(delay)
	return delay
}

// left is how long the next attempt is put off yet.
func (r retries) left() time.Duration { return time.Until(r.status.NextStart) }

// wait waits for the next attempt: until it is due, a signal asks for it, or
// ctx is done.
func (r retries) wait(ctx context.Context) {
	if r.left() > 0 {
		r.status.say(control.Backoff, r.status.Error)
		select {
		case <-time.After(min(r.left(), backoffLimit)): // the clock may have been set
		case <-r.signals.replace: // a new container is what it will be
			r.status.deployAnew()
		case <-r.signals.sooner:
		case <-ctx.Done():
			return
		}
	}
	r.status.NextStart = time.Time{}
}
