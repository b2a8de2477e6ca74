// Package announce keeps a service in the registry while it is well, and only
// then. It owns the decision (gate: container, checks, rise and fall, flap
// damping), the records, and the loop that holds or withdraws them.
//
// Each announced port is decided for itself and has a lease of its own. The
// lease is there before the service is well, so that being well is announced
// within one round trip to the registry, and revoking it withdraws within
// another.
//
// Where the container's state comes from is the caller's affair (Instance).
package announce

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"time"

	"rundock/internal/control"
	"rundock/internal/registry"
)

// Config is what to announce.
type Config struct {
	Identity
	Name      string        // of the status; "" means Service
	Contained bool          // the service has a container, told by Instance
	Drain     time.Duration // clients are given between withdrawal and stop
	Ports     []Port        // the first is the service's own and has no name
}

// Announcer announces one service.
type Announcer struct {
	cfg      Config
	reg      registry.Store
	ports    []*port
	onStatus func(control.AnnounceStatus)
	log      *slog.Logger

	// All that follows, and the ports' state, belongs to Run's goroutine.
	events   chan func(now time.Time)
	left     chan struct{} // closed when Run has returned
	work     sync.WaitGroup
	instance Instance
	active   string // colour; "": not known, or the service has none
	request  *withdrawal
	status   control.AnnounceStatus
	chatter  chatter // about reasons
}

// withdrawal is one on request: the keys are taken away, then clients are
// given time to leave.
type withdrawal struct {
	announced bool      // when it was asked for, so that there are clients
	over      time.Time // when they had their time; zero: the keys are still being taken away
	done      bool
}

// port is what is going on about one announced port.
type port struct {
	Port
	gate  gate
	lease registry.Lease

	probing string // what is probed, "" nothing
	stop    context.CancelFunc

	up     bool // the gate's verdict, and there is a record
	reason string
	record control.Record
	item   registry.Item

	holding  bool // from the start of a Hold until it has returned
	held     registry.Item
	active   string // colour, as of held
	release  context.CancelCauseFunc
	state    registry.HoldState
	leftover error // the last withdrawal did not reach the registry

	settled  bool // what a predecessor may have left of the key was taken over, or away as far as could be
	dropping bool // what a predecessor left is being taken away
}

// New checks cfg; an error names what is wrong. onStatus is told each change,
// from Run's goroutine, with everything but PID set.
func New(cfg Config, reg registry.Store, onStatus func(control.AnnounceStatus), log *slog.Logger) (*Announcer, error) {
	cfg.Name = cmp.Or(cfg.Name, cfg.Service)
	a := &Announcer{cfg: cfg, reg: reg, onStatus: onStatus, log: log, events: make(chan func(time.Time)), left: make(chan struct{})}
	fail := func(err error) (*Announcer, error) {
		return nil, fmt.Errorf("announce %s: %w", cfg.Service, err)
	}
	if len(cfg.Ports) == 0 {
		return fail(errors.New("no port to announce"))
	}
	if strings.ContainsAny(cfg.Service, "./") {
		return fail(errors.New("a name with a dot would be announced as part of another service"))
	}
	names := map[string]bool{}
	for i, p := range cfg.Ports {
		p, err := p.withDefaults()
		if err != nil {
			return fail(err)
		}
		if (p.Name == "") != (i == 0) || names[p.Name] {
			return fail(fmt.Errorf("port %d: name %q: the first port has none, each further one its own", p.Port, p.Name))
		}
		names[p.Name] = true
		if !cfg.Contained && (!p.Address.IsValid() || p.Check.Type == CheckDocker) {
			return fail(fmt.Errorf("port %d: there is no container whose address or HEALTHCHECK could be used", p.Port))
		}
		lease, err := reg.NewLease(p.Lease)
		if err != nil {
			return fail(fmt.Errorf("port %d: %w", p.Port, err))
		}
		a.ports = append(a.ports, &port{Port: p, lease: lease, gate: gate{
			contained: cfg.Contained, check: p.Check.Type, connects: p.Protocol == "tcp",
			rise: p.Check.Rise, fall: p.Check.Fall,
		}})
	}
	return a, nil
}

// Instance tells what became of the container. It is known at once in what
// order it was called.
func (a *Announcer) Instance(i Instance) {
	a.tell(func(now time.Time) {
		if i.Unknown == nil {
			a.instance = i
		}
		for _, p := range a.ports {
			p.gate.container(now, i)
		}
	})
}

// Active tells which colour of the service is active. Until then a service with a
// colour is not announced.
func (a *Announcer) Active(colour string) {
	a.tell(func(time.Time) { a.active = colour })
}

// Withdraw takes the announcement away, and lets it be until another run of
// the container is well. The status is draining, then withdrawn.
func (a *Announcer) Withdraw() {
	a.tell(func(now time.Time) {
		if a.request != nil {
			return
		}
		a.log.Info("withdrawing on request")
		a.request = &withdrawal{announced: a.announced()}
		for _, p := range a.ports {
			p.gate.withdraw(now)
		}
	})
}

// Alive calls it from Run's goroutine, and so only where that is at work.
func (a *Announcer) Alive(it func()) {
	a.tell(func(time.Time) { it() })
}

// Run announces and withdraws until ctx is done; then it withdraws, also what
// a predecessor has left, gives clients cfg.Drain to leave and returns nil.
// With the cause registry.ErrHandOver it returns at once and leaves the keys
// to a successor of the same identity.
func (a *Announcer) Run(ctx context.Context) error {
	defer close(a.left)
	for _, p := range a.ports {
		a.work.Go(func() {
			if err := p.lease.Run(ctx); err != nil {
				a.log.Warn("a lease was not revoked", "err", err)
			}
		})
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
		a.finish()
		return nil
	}
	announced := a.announced() || a.request != nil && a.request.announced && !a.request.done
	if announced {
		a.report(control.Draining, "told to stop")
	}
	a.finish()
	for _, p := range a.ports {
		a.drop(p, func() {
			announced = true
			a.report(control.Draining, "told to stop")
		})
	}
	a.finish()
	if announced {
		time.Sleep(a.cfg.Drain)
	}
	reason := "told to stop"
	for _, p := range a.ports {
		if p.leftover != nil {
			reason = p.leftover.Error()
		}
	}
	a.report(control.Withdrawn, reason)
	return nil
}

// finish waits until probes, holds and leases have ended, as ctx is done.
func (a *Announcer) finish() {
	ended := make(chan struct{})
	go func() {
		a.work.Wait()
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

// tell has Run's goroutine run event; after Run it does nothing.
func (a *Announcer) tell(event func(now time.Time)) {
	select {
	case a.events <- event:
	case <-a.left:
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
	}
	wake(a.drain(now))
	if !a.asking() {
		a.report(a.summary())
	}
	return again
}

// asking reports whether an answer of the registry is awaited that comes
// shortly, and which there is no point in reporting.
func (a *Announcer) asking() bool {
	for _, p := range a.ports {
		if p.up && p.state == (registry.HoldState{}) {
			return true
		}
	}
	return false
}

// decide turns the gate's verdict into p.up, p.reason and the record.
func (a *Announcer) decide(p *port, now time.Time) (again time.Time) {
	p.up, p.reason, again = p.gate.verdict(now)
	if p.up && a.cfg.Colour != "" && a.active == "" {
		p.up, p.reason = false, "which colour of "+a.cfg.Service+" is active is not known yet"
	}
	item, record, err := a.cfg.record(p.Port, a.instance, a.active)
	if err != nil {
		if p.up {
			p.up, p.reason = false, err.Error()
		}
		return again
	}
	p.record = record
	if p.up {
		p.item = item
	}
	return again
}

// setProbe starts, stops or redirects the probes of p.
func (a *Announcer) setProbe(ctx context.Context, p *port) {
	wanted, haste := p.gate.probing()
	target, err := p.target(a.instance)
	key := ""
	switch {
	case !wanted:
	case err != nil && p.Check.Type != CheckExec:
		p.reason = err.Error()
	default:
		key = fmt.Sprintf("%s of %s since %s", target, a.instance.ID, a.instance.Started)
	}
	if key == p.probing {
		return
	}
	if p.stop != nil {
		p.stop()
	}
	p.probing, p.stop = key, nil
	if key == "" {
		return
	}
	probeCtx, cancel := context.WithCancel(ctx)
	p.stop = cancel
	a.work.Go(func() {
		p.Check.probe(probeCtx, target, haste, func(err error) {
			a.tell(func(now time.Time) {
				if probeCtx.Err() == nil {
					p.gate.probed(now, err)
				}
			})
		})
	})
}

// setHold starts or ends the holding of p's record. One that has other
// content is withdrawn first: it belongs to another run. One that differs by the
// active colour alone is replaced: the instance is there all the time.
func (a *Announcer) setHold(ctx context.Context, p *port) {
	if p.holding {
		switch {
		case !p.up || p.item.Key != p.held.Key:
			p.release(nil)
		case bytes.Equal(p.item.Value, p.held.Value):
		case a.sameRun(p):
			p.release(registry.ErrHandOver)
		default:
			p.release(nil)
		}
		return
	}
	if !p.up || p.dropping {
		return
	}
	holdCtx, release := context.WithCancelCause(ctx)
	item := p.item
	p.holding, p.release, p.held, p.active, p.state, p.leftover = true, release, item, a.active, registry.HoldState{}, nil
	a.work.Go(func() {
		err := p.lease.Hold(holdCtx, []registry.Item{item}, func(s registry.HoldState) {
			a.tell(func(time.Time) {
				p.state = s
				p.settled = p.settled || s.Held || s.HeldBy != ""
			})
		})
		release(nil)
		a.tell(func(time.Time) { p.holding, p.state, p.leftover = false, registry.HoldState{}, err })
	})
}

// sameRun reports whether the record that is held is the wanted one but for the
// active colour.
func (a *Announcer) sameRun(p *port) bool {
	then, _, err := a.cfg.record(p.Port, a.instance, p.active)
	return err == nil && bytes.Equal(then.Value, p.held.Value)
}

// drop takes away, once, what a predecessor of the same identity may have left
// of p's key, where no Hold has come to take it over. found is called if there
// was something.
func (a *Announcer) drop(p *port, found func()) {
	if p.settled || p.dropping {
		return
	}
	p.dropping = true
	a.work.Go(func() {
		there, err := registry.Drop(context.Background(), a.reg, a.cfg.key(p.Port), a.cfg.ID)
		a.tell(func(time.Time) {
			p.settled, p.dropping, p.leftover = true, false, err
			if there {
				found()
			}
		})
	})
}

// drain carries a withdrawal on request forward.
func (a *Announcer) drain(now time.Time) (again time.Time) {
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
		}
	}
	w.done = !now.Before(w.over)
	if w.done {
		return time.Time{}
	}
	return w.over
}

// announced reports whether clients may know of any port.
func (a *Announcer) announced() bool {
	for _, p := range a.ports {
		if p.holding && p.state.Held {
			return true
		}
	}
	return false
}

// summary is the state of the service: that of the port that is furthest from
// being announced.
func (a *Announcer) summary() (control.AnnounceState, string) {
	if a.request != nil {
		for _, p := range a.ports {
			if p.leftover != nil {
				return a.requestState(), p.leftover.Error()
			}
		}
		return a.requestState(), "on request, until another container is up"
	}
	state, reason, worst := control.Announced, "", 0
	for _, p := range a.ports {
		s, why, badness := p.summary()
		if p.Name != "" && why != "" {
			why = "port " + p.Name + ": " + why
		}
		if badness > worst {
			state, reason, worst = s, why, badness
		} else if badness == worst && reason == "" {
			reason = why
		}
	}
	return state, reason
}

func (a *Announcer) requestState() control.AnnounceState {
	if a.request.done {
		return control.Withdrawn
	}
	return control.Draining
}

func (p *port) summary() (state control.AnnounceState, reason string, badness int) {
	switch {
	case !p.up:
		if p.leftover != nil {
			return control.Unhealthy, p.reason + "; " + p.leftover.Error(), 3
		}
		return control.Unhealthy, p.reason, 3
	case p.holding && p.state.Held:
		return control.Announced, p.state.Reason, 0
	case p.state.HeldBy != "":
		return control.Conflict, p.state.Reason, 1
	}
	return control.Unreached, p.state.Reason, 2
}

// report tells the status if it changed, and logs what a person reads.
func (a *Announcer) report(state control.AnnounceState, reason string) {
	next := control.AnnounceStatus{Service: a.cfg.Name, State: state, Reason: reason, Container: a.instance.ID, Colour: a.cfg.Colour, Active: a.active, Since: a.status.Since}
	for _, p := range a.ports {
		if p.record.Key != "" {
			next.Records = append(next.Records, p.record)
		}
	}
	if reflect.DeepEqual(next, a.status) {
		return
	}
	now := time.Now()
	if next.State != a.status.State {
		next.Since = now
	}
	if next.State != a.status.State || next.Reason != a.status.Reason && a.chatter.allows(now) {
		args := []any{"state", string(state)}
		if reason != "" {
			args = append(args, "reason", reason)
		}
		a.log.Info("status", args...)
	}
	a.status = next
	a.onStatus(next)
}
