package runner

import (
	"context"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
)

// start makes the container from nothing, after the back-off that earlier
// crashes call for.
func (r *runner) start(ctx context.Context, old container.State) (step, int) {
	if err := r.backoff(ctx); err != nil {
		return interrupted(ctx), 0
	}
	if r.mounts(ctx) != nil || r.networks(ctx) != nil || r.partners(ctx) != nil {
		return interrupted(ctx), 0
	}
	want, from, err := r.expanded(ctx)
	if ctx.Err() != nil {
		return interrupted(ctx), 0
	}
	if err != nil {
		return r.retry(ctx, err), 0
	}
	id, err := r.prepare(ctx, want, from)
	if err == nil {
		err = r.takePlace(ctx, old, id)
	}
	if err != nil || ctx.Err() != nil {
		return r.failed(ctx, err), 0
	}
	r.status.Error = ""
	return stepAgain, 0
}

// failed is what to do after an attempt at a new container that err ended, or
// the end of ctx.
func (r *runner) failed(ctx context.Context, err error) step {
	if ctx.Err() != nil {
		return interrupted(ctx)
	}
	r.status.Crashes++
	return r.retry(ctx, err)
}

// retry says what is wrong, and waits before the next look.
func (r *runner) retry(ctx context.Context, err error) step {
	delay := max(backoff(r.status.Crashes), time.Second)
	r.complain("cannot start the container", "err", err.Error(), "next_start_in", delay)
	r.status.Container = ""
	r.status.Failed = time.Now()
	r.status.NextStart = r.status.Failed.Add(delay)
	r.say(control.Backoff, err.Error())
	if r.backoff(ctx) != nil {
		return interrupted(ctx)
	}
	return stepAgain
}
