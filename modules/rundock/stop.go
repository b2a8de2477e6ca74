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
	return []string{t.unit.Dir, filepath.Join(t.unit.Dir, both.announcer), filepath.Join(t.unit.Dir, both.runner)}
}

// lives reports whether any runsv supervises a part of the service, or anything
// runs in its directory of before.
func (t *task) lives(now situation) bool {
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

// halt stops the whole service, which is not linked any more. What does not
// end in its time is killed: its container, which then runs on without a
// supervisor, is left to stop.
func (t *task) halt() error {
	stopping := t.stopping()
	if t.exit(stopping) == nil {
		return nil
	}
	t.warn("%s has not stopped within %s and was killed", t.p.Name, stopping)
	if err := module.Kill(t.parts()...); err != nil {
		return err
	}
	return t.exit(module.Patience)
}

// exit has every runsv of the service leave within timeout, and what runs in
// its directory of before.
func (t *task) exit(timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	watched := t.watchLoggers(ctx)
	defer watched()
	defer cancel()
	for i, d := range t.parts() {
		if err := runit.Exit(ctx, d, t.lostLog); err != nil {
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

// watchLoggers has no logger of an inner service hold up the outer script, which
// stops sidecar and container one after the other, until ctx is done. ended
// returns when it has.
func (t *task) watchLoggers(ctx context.Context) (ended func()) {
	var all sync.WaitGroup
	for _, d := range t.parts()[1:] {
		all.Go(func() { runit.Left(ctx, d, t.lostLog) })
	}
	return all.Wait
}

// lostLog warns of a logger that was killed.
func (t *task) lostLog(log string) {
	t.warn("the logger in %s could not write what was left, as on a full disk, and was killed: the last lines are lost", log)
}

// endNested ends the runsvdir of a service with a sidecar, when its parent,
// which ends it otherwise, was killed.
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
		if a, err := supervisor.ReadAnnounce(filepath.Join(t.unit.Dir, f.announcer, "announce.json")); err == nil {
			seconds += a.Drain
		}
	}
	return time.Duration(seconds)*time.Second + t.host.slack
}

// stop has rundockd see to it that the service, whose runner is gone, has no
// container; there says whether it had one. In check mode it only looks.
func (t *task) stop(op control.Op) (there bool, err error) {
	answer, err := t.asked(control.Request{Op: op, Check: t.check})
	return answer.Changed, err
}

// stopped notes that the service has stopped; there says that a container was
// left by who should have stopped it.
func (t *task) stopped(lived, there bool) {
	switch {
	case lived:
		t.deeds = append(t.deeds, deed{"stopped", func(after situation) bool { return !t.lives(after) }})
	case there:
		t.did("container removed")
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
