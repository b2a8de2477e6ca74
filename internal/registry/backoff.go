package registry

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	backoffFirst = 50 * time.Millisecond
	backoffMax   = time.Second
	backoffCalm  = 10 * time.Second
)

// backoff is how long to wait before the next attempt: not at all the first
// time, then from backoffFirst on twice as long each time up to backoffMax,
// less a random fifth, so that a fleet does not come back in step.
type backoff struct {
	delay time.Duration
}

func (b *backoff) next() time.Duration {
	delay := b.delay
	b.delay = min(max(2*b.delay, backoffFirst), backoffMax)
	return delay - time.Duration(rand.Float64()*float64(delay)/5)
}

// after tells how long the last attempt went well. Only a while of calm
// starts over at no delay: something that works and breaks at once is no
// reason to hurry.
func (b *backoff) after(lasted time.Duration) {
	if lasted >= backoffCalm {
		b.delay = 0
	}
}

// wait waits for the next attempt, or less if ctx ends or wake is closed.
func (b *backoff) wait(ctx context.Context, wake <-chan struct{}) {
	timer := time.NewTimer(b.next())
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-timer.C:
	}
}
