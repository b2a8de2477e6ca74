package announce

import (
	"context"
	"time"
)

// Withdraw takes the announcement away, and lets it be until another run of
// the container is well. The status is draining, then withdrawn.
func (a *Announcer) Withdraw() {
	a.tell(func(now time.Time) {
		if a.request != nil {
			return
		}
		a.log.Info("withdrawing on request")
		a.request = &withdrawal{announced: a.anyHeld()}
		for _, p := range a.ports {
			p.gate.withdraw(now)
		}
	})
}

// Resume undoes Withdraw where the container goes on after all. Docker need not
// be there to say so: it is announced by what was known of it last and by what
// its port answers.
func (a *Announcer) Resume() {
	a.tell(func(now time.Time) {
		if a.request == nil {
			return
		}
		a.log.Info("announcing again what was withdrawn, on request")
		a.request = nil
		for _, p := range a.ports {
			p.gate.resume(now)
		}
	})
}

// drain carries a withdrawal on request forward.
func (a *Announcer) drain(ctx context.Context, now time.Time) (again time.Time) {
	w := a.request
	if w == nil {
		return time.Time{}
	}
	for _, p := range a.ports {
		if !p.gate.withdrawn {
			a.request = nil // another run of the container is up
			return time.Time{}
		}
		if p.holding {
			return time.Time{}
		}
		a.drop(p, func() { w.announced = true })
		if p.dropping {
			return time.Time{}
		}
	}
	if w.over.IsZero() {
		w.over = now
		if w.announced {
			w.over = now.Add(a.cfg.Drain)
			a.awaitReleased(ctx, w)
		}
	}
	over := !now.Before(w.over)
	if w.done = over && !w.awaiting; over {
		return time.Time{}
	}
	return w.over
}

// awaitReleased has w wait for cfg.Released.
func (a *Announcer) awaitReleased(ctx context.Context, w *withdrawal) {
	if a.cfg.Released == nil {
		return
	}
	w.awaiting = true
	a.tasks.Go(func() {
		a.cfg.Released(ctx)
		a.tell(func(time.Time) { w.awaiting = false })
	})
}
