package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/pause"
	"rundock/internal/registry"
	"rundock/internal/registry/open"
	"rundock/internal/stack/slotlock"
	"rundock/supervisor"
	"rundock/supervisor/servicecontainer"
)

// A slot that two hosts have runs where its lock is. What needs the lock is done under
// a context that ends with it (runner.go); then standBy stops the container. Should
// dockerd not do that in time, the kernel does, once this runner or one before it has
// adopted the container.
const (
	// dockerSlack is how much longer than its stop timeout a container may take to stop.
	dockerSlack = 15 * time.Second
	// killAfter is after how much longer its first process is killed.
	killAfter = 8 * time.Second
	// settleFor is how long a container goes on that a runner finds, before it is known
	// whose the lock is.
	settleFor = 10 * time.Second
)

// lock is the slot's, of a service that has a role; nil is none, which is always held.
type lock struct {
	guard slotlock.Guard
	grace time.Duration // between the loss of the lock and the end of the container's first process
	first *os.File      // pidfd of the process that is overseen; nil: none is
	relax func()        // ends oversee; nil: nothing is overseen
	log   *slog.Logger
}

// newLock is the lock of s in the store of host; nil where s has no role.
func newLock(s supervisor.Service, host hostconfig.Config, store registry.Store, log *slog.Logger) (*lock, error) {
	machine, err := hostconfig.MachineID()
	if err != nil {
		return nil, err
	}
	stop := time.Duration(servicecontainer.StopTimeout(s)) * time.Second
	return &lock{grace: stop + killAfter, log: log, guard: slotlock.Guard{Lock: slotlock.Lock{
		Store: store, Key: slotlock.Key(s.Stack, s.Slot), Own: slotlock.Holder{ID: control.RecordID(machine, s.Name, ""), Host: host.Host},
		Main: s.Role == supervisor.Main, Margin: stop + dockerSlack, Log: log,
	}}}, nil
}

// openLock is newLock with the host's own store, which close closes.
func openLock(s supervisor.Service, log *slog.Logger) (l *lock, closeStore func(), err error) {
	if s.Role == "" {
		return nil, func() {}, nil
	}
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return nil, nil, err
	}
	store, err := open.Store(host, log)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", hostconfig.Path, err)
	}
	if l, err = newLock(s, host, store, log); err != nil {
		store.Close()
		return nil, nil, err
	}
	return l, func() { store.Close() }, nil
}

// noLock is of s one that is never held, of a runner that takes none; nil where s has no role.
func noLock(s supervisor.Service, log *slog.Logger) *lock {
	if s.Role == "" {
		return nil
	}
	return &lock{log: log}
}

// take has the lock taken as soon as it may be, and reports whether it is held.
func (l *lock) take(ctx context.Context) bool {
	if l == nil {
		return true
	}
	l.guard.Start(ctx, settleFor)
	state, _ := l.guard.Now()
	return state.Held
}

// held reports whether the lock is held now; one that there is not never ends, nor is it held.
func (l *lock) held() bool {
	if l == nil {
		return false
	}
	state, _ := l.guard.Now()
	return state.Held
}

// context ends with ctx, and with the lock.
func (l *lock) context(ctx context.Context) (context.Context, context.CancelFunc) {
	if l == nil {
		return ctx, func() {}
	}
	return l.guard.Context(ctx)
}

// give gives the lock back, be it one that a runner before has left: the container is stopped.
func (l *lock) give() {
	if l == nil {
		return
	}
	l.calm()
	if l.guard.Lock.Store != nil {
		l.guard.Give()
	}
}

// leave leaves the lock to a successor.
func (l *lock) leave() {
	if l != nil {
		l.calm()
		l.guard.Leave()
	}
}

// calm ends oversee.
func (l *lock) calm() {
	if l.relax != nil {
		l.relax()
		l.relax, l.first = nil, nil
	}
}

// oversee has the first process of the running container s killed that is there still
// some time after the lock was lost. So it is stopped also where dockerd hangs.
func (l *lock) oversee(s container.State) {
	if l == nil {
		return
	}
	l.calm()
	process, err := container.OpenFirst(s)
	if err != nil {
		l.log.Warn("the container is stopped by dockerd alone, should the slot's lock be lost", "err", err)
		return
	}
	l.watch(process, s.ID)
}

// overseeNoted is oversee of the container whose first process the runner before has
// noted: dockerd may not answer for long. One that has ended is none.
func (l *lock) overseeNoted(p control.Process) {
	if l == nil || l.first != nil {
		return
	}
	if process, err := openNoted(p); err == nil {
		l.watch(process, p.Container)
	}
}

// openNoted is container.OpenFirst of a process that a runner has noted.
func openNoted(p control.Process) (*os.File, error) {
	if p.Container == "" {
		return nil, errors.New("none is noted")
	}
	return container.OpenFirst(container.State{ID: p.Container, PID: p.PID})
}

// watch kills process, the first one of the container id, some time after the lock was lost.
func (l *lock) watch(process *os.File, id string) {
	held, cancel := l.guard.Context(context.Background())
	calm := make(chan struct{})
	go func() {
		defer process.Close()
		select {
		case <-held.Done():
		case <-calm:
		}
		select {
		case <-calm:
			return
		case <-time.After(l.grace):
		}
		if container.KillFirst(process) == nil {
			l.log.Error("the container was killed, as dockerd has not stopped it in time after the slot's lock was lost", "container", id)
		}
	}()
	l.first = process
	l.relax = func() {
		close(calm)
		cancel()
	}
}

// kill kills the process that is overseen, or else the noted one, and reports whether there
// is one. After that it does not run.
func (l *lock) kill(noted control.Process) bool {
	if l == nil {
		return false
	}
	process := l.first
	if process == nil {
		var err error
		if process, err = openNoted(noted); err != nil {
			return false
		}
		defer process.Close()
	}
	container.KillFirst(process) // or it has ended
	return true
}

// standBy has no container run, and waits until something changes.
func (r *runner) standBy(ctx context.Context) {
	state, changed := r.lock.guard.Now()
	if state.Held {
		return
	}
	why := cmp.Or(state.Standby(), state.Reason, "it is not known yet on which host it runs: the store does not answer")
	bounded, cancel := context.WithTimeout(ctx, r.stopPatience())
	err := r.containers.halt(bounded, func() {
		r.status.log.Warn("stopping the container: the slot's lock is not here", "why", why)
		r.status.say(control.Stopping, why)
	})
	cancel()
	if err != nil {
		r.status.complain("the container is not stopped, although the slot's lock is not here", "err", err.Error())
		r.status.say(control.Stopping, err.Error())
		pause.For(ctx, 500*time.Millisecond)
		return
	}
	r.lock.calm()
	r.status.haveNone()
	r.status.NextStart, r.status.Crashes = time.Time{}, 0
	phase := control.Standby
	if !state.Known() {
		phase = control.Waiting
	}
	if r.status.Phase != phase || r.status.Error != why {
		r.status.log.Info("not starting the container", "why", why)
	}
	r.status.say(phase, why)
	select {
	case <-changed:
	case <-r.signals.replace: // a new container is what it will be
		r.status.deployAnew()
	case <-r.signals.sooner:
	case <-r.signals.drain:
	case <-time.After(drainLook): // nobody else is to start it either
	case <-ctx.Done():
	}
}

// lastKnown is what can be told of a service whose service.json cannot be read, by what its last
// runner has said: as much as it takes to stop its container. Without a role nothing is to be done.
func lastKnown(dir string) (s supervisor.Service) {
	name := supervisor.NameOf(dir)
	if name == "" {
		return s
	}
	before, err := control.ReadRunner(control.Dir, name)
	if err != nil || before.Locked == nil {
		return s
	}
	return supervisor.Service{Name: name, Role: before.Locked.Role, StopTimeout: before.Locked.StopTimeout}
}

// haltWithoutLock stops the container of a service that needs a lock, as this runner cannot take
// it: nobody would stop it once another host has the lock. Where dockerd does not do it in time, or
// there is no client of it, the kernel does.
func (r *runner) haltWithoutLock(why error) {
	if r.lock == nil {
		return
	}
	err := why
	if r.containers.docker != nil {
		ctx, cancel := context.WithTimeout(context.Background(), r.stopPatience())
		defer cancel()
		err = r.insist(ctx, func(ctx context.Context) error {
			return r.containers.halt(ctx, func() {
				r.status.log.Warn("stopping the container: its runner cannot take the slot's lock", "why", why)
				r.status.say(control.Stopping, why.Error())
			})
		})
	}
	switch {
	case err == nil:
		r.status.haveNone()
		r.status.say(control.Waiting, why.Error())
	case r.lock.kill(r.status.First):
		r.status.log.Error("the container was killed, as dockerd has not stopped it in time and its runner cannot take the slot's lock", "err", err)
	default:
		r.status.complain("it is not known that the container is stopped, although its runner cannot take the slot's lock", "err", err.Error())
	}
}
