// Package retry spaces attempts at a store that is away.
package retry

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	first = 50 * time.Millisecond
	most  = time.Second
	calm  = 10 * time.Second
)

// Backoff is how long to wait before the next attempt: not at all the first
// time, then 50 ms, and twice as long each time up to 1 s, less a random
// fifth, so that a fleet does not come back in step. Its zero is ready for use.
type Backoff struct {
	delay time.Duration
}

func (b *Backoff) next() time.Duration {
	delay := b.delay
	b.delay = min(max(2*b.delay, first), most)
	return delay - time.Duration(rand.Float64()*float64(delay)/5)
}

// After tells how long the last attempt went well. Only a while of calm, 10 s,
// starts over at no delay: something that works and breaks at once is no
// reason to hurry.
func (b *Backoff) After(lasted time.Duration) {
	if lasted >= calm {
		b.delay = 0
	}
}

// Wait waits for the next attempt, or less if ctx ends or wake is closed.
func (b *Backoff) Wait(ctx context.Context, wake <-chan struct{}) {
	timer := time.NewTimer(b.next())
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-timer.C:
	}
}
