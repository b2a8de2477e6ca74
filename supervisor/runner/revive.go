package runner

import (
	"context"
	"fmt"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/pause"
)

// revive has Docker make the health checks of the running container s, as it makes
// none any more: it does again after a pause. What comes of it the next look at
// the container tells; where it was in vain, another one is not tried.
func (r *runner) revive(ctx context.Context, s container.State) {
	if u := r.revived; u.Container == s.ID && u.Last.Equal(s.LastCheck) {
		r.uncheckedFor(s, "a pause did not help")
		return
	}
	r.status.Pause = &control.Pause{Container: s.ID, Began: time.Now()}
	r.status.say(r.status.Phase, r.status.Error)
	err := r.containers.docker.Pause(ctx, s.ID)
	if err == nil {
		r.revived = control.Unchecked{Container: s.ID, Last: s.LastCheck}
		r.resume(ctx, s.ID)
		r.status.Unchecked = nil
		r.status.log.Warn("docker made no health checks any more, as before 23 after its restart: the container was paused for a moment, after which it does", "last_check", s.LastCheck, "paused_for", time.Since(r.status.Pause.Began).Round(time.Millisecond))
		return
	}
	if now, failed := r.containers.docker.Inspect(ctx, s.ID); container.Refused(err) || failed == nil && !now.Paused {
		r.status.Pause = nil // else it is known once dockerd answers
	}
	r.uncheckedFor(s, err.Error())
}

// uncheckedFor says why Docker makes no health checks of s.
func (r *runner) uncheckedFor(s container.State, why string) {
	r.status.Unchecked = &control.Unchecked{Container: s.ID, Last: s.LastCheck, Error: why}
	r.status.complain("docker makes no health checks of the container any more", "err", why, "last_check", s.LastCheck)
	r.status.say(r.status.Phase, r.status.Error)
}

// resume unpauses the container id, which a runner of this service has paused, and
// notes that. Where ctx ends while Docker cannot, that is for a successor.
func (r *runner) resume(ctx context.Context, id string) {
	for {
		err := r.containers.docker.Unpause(context.WithoutCancel(ctx), id)
		if err == nil {
			break
		}
		if s, failed := r.containers.docker.Inspect(ctx, id); failed == nil && !s.Paused {
			break
		}
		r.status.complain("the container was paused for its health checks, and cannot be unpaused", "err", err.Error())
		r.status.say(r.status.Phase, fmt.Sprintf("it was paused for its health checks, and cannot be unpaused: %v", err))
		if pause.For(ctx, 500*time.Millisecond) != nil {
			return
		}
	}
	r.status.Pause = &control.Pause{Container: id, Began: r.status.Pause.Began, Ended: time.Now()}
	r.status.say(r.status.Phase, r.status.Error)
}
