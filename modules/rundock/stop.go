package main

import (
	"cmp"
	"context"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"rundock/internal/control"
	"rundock/internal/module"
	"rundock/internal/runit"
	"rundock/supervisor"
)

// parts are the folders of the service in which a runsv can be, in the order
// in which they are stopped: the sidecar withdraws before its container ends.
func (t *task) parts() []string {
	return []string{t.unit.Dir, filepath.Join(t.unit.Dir, both.sidecar), filepath.Join(t.unit.Dir, both.runner)}
}

// isSupervised reports whether any runsv supervises a part of the service, or anything
// runs in a directory of it that was deleted.
func (t *task) isSupervised(now situation) bool {
	if now.Outer.Supervised {
		return true
	}
	for _, d := range t.parts() {
		if on, err := runit.Supervised(d); err == nil && on {
			return true
		}
	}
	return len(runit.Deserted(t.unit.Dir)) > 0
}

// stopAll stops the whole service, which is not linked any more. It kills what does
// not end in time; a container that then runs on without a supervisor is for stop.
func (t *task) stopAll() error {
	stopping := t.stopping()
	if t.leaveAll(stopping) == nil {
		return nil
	}
	t.warn("%s has not stopped within %s and was killed", t.p.Name, stopping)
	if err := module.Kill(t.parts()...); err != nil {
		return err
	}
	return t.leaveAll(module.Patience)
}

// leaveAll has every runsv of the service leave within timeout, and what runs in a
// directory of it that was deleted.
func (t *task) leaveAll(timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	watched := t.watchLoggers(ctx)
	defer watched()
	defer cancel()
	for i, d := range t.parts() {
		if err := runit.Exit(ctx, d, t.warnLostLog); err != nil {
			return err
		}
		if i == 0 {
			if err := t.endNested(ctx); err != nil {
				return err
			}
		}
	}
	return t.evict(ctx, syscall.SIGTERM)
}

// watchLoggers kills loggers of inner services that hold up the outer script, which
// stops sidecar and container one after the other, until ctx is done. ended waits
// for its end.
func (t *task) watchLoggers(ctx context.Context) (ended func()) {
	var all sync.WaitGroup
	for _, d := range t.parts()[1:] {
		all.Go(func() { runit.Left(ctx, d, t.warnLostLog) })
	}
	return all.Wait
}

// warnLostLog warns of a logger that was killed.
func (t *task) warnLostLog(log string) {
	t.warn("the logger in %s could not write what was left, as on a full disk, and was killed: the last lines are lost", log)
}

// endNested ends the runsvdir of a service with a sidecar whose parent was killed,
// which would have ended it.
func (t *task) endNested(ctx context.Context) error {
	return runit.EndScanners(ctx, filepath.Join(t.unit.Dir, filepath.Dir(both.runner)))
}

// stopping is how long the service may take to stop: its drain and its
// container's stop timeout, as they are in the files that run, and time for
// Docker and the registry.
func (t *task) stopping() time.Duration {
	seconds := 0
	for _, f := range []shape{both, runnerAlone} {
		if s, err := supervisor.ReadService(filepath.Join(t.unit.Dir, f.runner, "service.json")); err == nil {
			seconds = max(seconds, cmp.Or(s.StopTimeout, supervisor.DefaultStopTimeout))
		}
	}
	for _, f := range []shape{both, sidecarAlone} {
		if a, err := supervisor.ReadAnnounce(filepath.Join(t.unit.Dir, f.sidecar, "announce.json")); err == nil {
			seconds += a.Drain
		}
	}
	return time.Duration(seconds)*time.Second + t.host.slack
}

// stopLeft is stop where there is no service directory. rundockd looks first: of
// a service that there never was, it would note that it has stopped.
func (t *task) stopLeft() (there bool, err error) {
	answer, err := t.ask(control.Request{Op: control.Stop, Check: true})
	if err != nil || !answer.Changed {
		return false, err
	}
	return t.stop(control.Stop)
}

// stop has rundockd remove the container of the service, whose runner is gone; there
// says whether it had one. In check mode it only looks.
func (t *task) stop(op control.Op) (there bool, err error) {
	answer, err := t.ask(control.Request{Op: op, Check: t.check})
	return answer.Changed, err
}

// stopped notes that the service has stopped; there says that a container was left
// over.
func (t *task) stopped(lived, there bool) {
	switch {
	case lived:
		t.deeds = append(t.deeds, deed{"stopped", func(after situation) bool { return !t.isSupervised(after) }})
	case there:
		t.noteDeed("container removed")
	}
}

// unlink keeps runsvdir from supervising the service.
func (t *task) unlink(now situation) error {
	if !now.Enabled {
		return nil
	}
	if !t.check {
		if err := t.unit.Unlink(); err != nil {
			return err
		}
	}
	t.unlinks = true
	t.deeds = append(t.deeds, deed{"disabled", func(after situation) bool { return !after.Enabled }})
	return nil
}
