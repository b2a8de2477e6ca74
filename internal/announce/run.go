package announce

import (
	"cmp"
	"context"
	"time"

	"rundock/internal/control"
	"rundock/internal/registry"
)

// Run announces and withdraws until ctx is done, and takes away at once what
// predecessors left of keys that no port has; then it withdraws, also what
// a predecessor has left, gives clients cfg.Drain to leave and returns nil.
// With the cause registry.ErrHandOver it returns at once and leaves the keys
// to a successor of the same identity.
func (a *Announcer) Run(ctx context.Context) error {
	defer close(a.ended)
	for _, p := range a.ports {
		a.tasks.Go(func() {
			if err := p.lease.Run(ctx); err != nil {
				a.log.Warn("a lease was not revoked", "err", err)
			}
		})
	}
	for _, key := range a.unwanted {
		a.tasks.Go(func() { a.withdrawUnwanted(ctx, key) })
	}
	for ctx.Err() == nil {
		again := a.step(ctx, time.Now())
		timer := time.NewTimer(again)
		select {
		case <-ctx.Done():
		case event := <-a.events:
			event(time.Now())
		case <-timer.C:
		}
		timer.Stop()
	}
	if context.Cause(ctx) == registry.ErrHandOver {
		a.log.Info("handing over", "state", string(a.status.State))
		a.awaitTasks()
		return nil
	}
	announced := a.anyHeld() || a.request != nil && a.request.announced && !a.request.done
	if announced {
		a.report(control.Draining, "told to stop")
	}
	a.awaitTasks()
	found := func() {
		announced = true
		a.report(control.Draining, "told to stop")
	}
	for _, p := range a.ports {
		a.drop(p, found)
	}
	unwantedErr := a.dropUnwanted(found)
	if announced {
		over := time.After(a.cfg.Drain)
		if a.cfg.Released != nil {
			a.cfg.Released(context.WithoutCancel(ctx))
		}
		<-over
	}
	if unwantedErr != nil {
		a.stays = unwantedErr.Error()
	}
	for _, p := range a.ports {
		if p.withdrawErr != nil {
			a.stays = p.withdrawErr.Error()
		}
	}
	a.report(control.Withdrawn, cmp.Or(a.stays, "told to stop"))
	return nil
}

// awaitTasks waits until probes, holds and leases have ended, as ctx is done, and
// takes in what they tell meanwhile.
func (a *Announcer) awaitTasks() {
	ended := make(chan struct{})
	go func() {
		a.tasks.Wait()
		close(ended)
	}()
	for {
		select {
		case event := <-a.events:
			event(time.Now())
		case <-ended:
			return
		}
	}
}

// step does what the verdicts ask for, reports, and returns when to be called
// again though nothing happened.
func (a *Announcer) step(ctx context.Context, now time.Time) time.Duration {
	again := time.Hour
	wake := func(at time.Time) {
		if !at.IsZero() {
			again = min(again, max(at.Sub(now), 0))
		}
	}
	for _, p := range a.ports {
		wake(a.decide(p, now))
		a.setProbe(ctx, p)
		a.setHold(ctx, p)
		a.dropInherited(p)
	}
	wake(a.drain(ctx, now))
	if !a.awaitsStore() {
		a.report(a.summary())
	}
	return again
}

// decide turns the gate's verdict into p.up, p.reason and the record.
func (a *Announcer) decide(p *port, now time.Time) (again time.Time) {
	p.up, p.reason, again = p.gate.verdict(now)
	if p.up && a.cfg.Colour != "" && a.active == "" {
		p.up, p.reason = false, "which colour of "+a.cfg.Service+" is active is not known yet"
	}
	items, records, err := a.cfg.held(p.Port, a.instance, a.active)
	if err != nil {
		if p.up {
			p.up, p.reason = false, err.Error()
		}
		return again
	}
	p.records = records
	if p.up {
		p.items = items
	}
	return again
}
