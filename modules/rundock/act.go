package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"rundock/internal/control"
	"rundock/internal/module"
	"rundock/internal/runit"
)

// act brings the processes to the files. stopping is how long the old ones
// may take to stop.
func (t *task) act(now situation, w wanted, p plan, stopping time.Duration) error {
	if p.Exchange {
		if err := t.changeShape(now, w, stopping); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), module.Patience)
	defer cancel()
	if p.acts() {
		if err := t.evict(ctx, syscall.SIGHUP); err != nil {
			return err
		}
	}
	if p.Enable {
		if !now.Outer.Supervised {
			if err := t.clearOthers(ctx, w.shape); err != nil {
				return err
			}
		}
		if err := t.unit.Enable(ctx); err != nil {
			return err
		}
	}
	for _, c := range p.Commands {
		if err := t.sendLetter(ctx, c.Dir, c.Letter); err != nil {
			return err
		}
	}
	if p.Clear {
		if err := t.ctl(control.Request{Op: control.Stop}); err != nil {
			return err
		}
	}
	if p.acts() {
		t.awaitCommands(ctx, now, w, p)
	}
	switch {
	case p.Replace:
		return t.sendLetter(ctx, w.shape.runner, "1")
	case p.Retry && t.p.Wait == "none": // who waits has it done
		return t.sendLetter(ctx, w.shape.runner, "2")
	}
	return nil
}

// sendLetter writes a letter to the runsv of dir. It tries on while there is none: an
// inner runsv may not be up yet after a start just before.
func (t *task) sendLetter(ctx context.Context, dir, letter string) error {
	for {
		err := runit.Control(filepath.Join(t.unit.Dir, dir), letter)
		if !errors.Is(err, runit.ErrNotSupervised) || ctx.Err() != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// changeShape has the processes leave for those of another shape. The container goes
// on, where there is to be one, and so does its announcement. The service's runsv
// leaves as well, since it keeps its logger, or the lack of one, for life.
func (t *task) changeShape(now situation, w wanted, stopping time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopping)
	defer cancel()
	if now.Shape.sidecar != "" && w.shape.sidecar == "" {
		if err := runit.Stop(ctx, filepath.Join(t.unit.Dir, now.Shape.sidecar)); err != nil {
			return err
		}
	}
	// A container that is not to be any more is stopped by Exit's TERM.
	if now.Shape.runner == "" || w.shape.runner != "" {
		if err := runit.Leave(ctx, t.unit.Dir); err != nil {
			return err
		}
	}
	if err := t.unit.Unlink(); err != nil {
		return err
	}
	err := runit.Exit(ctx, t.unit.Dir, t.warnLostLog)
	if err == nil {
		err = t.clearOthers(ctx, w.shape)
	}
	// Also when that failed: what was enabled stays so.
	return errors.Join(err, t.unit.Enable(ctx))
}

// clearOthers removes the files of runsvs of another shape than f from the service
// directory, which nobody supervises now. Inner runsvs whose parent was killed hand
// over first.
func (t *task) clearOthers(ctx context.Context, f shape) error {
	if f == both {
		return runit.Clear(filepath.Join(t.unit.Dir, "log"))
	}
	if err := t.endNested(ctx); err != nil {
		return err
	}
	for _, d := range []string{both.sidecar, both.runner} {
		d = filepath.Join(t.unit.Dir, d)
		if err := runit.Leave(ctx, d); err != nil {
			return err
		}
		if err := runit.Exit(ctx, d, t.warnLostLog); err != nil {
			return err
		}
		if err := runit.Clear(d); err != nil {
			return err
		}
		os.Remove(filepath.Dir(d)) // stays where somebody keeps something in it
	}
	return nil
}

// awaitCommands waits until the runsvs have done what p told them, and the processes
// that were started or told to hand over have successors that have written their
// status. Before that the result, or a later call, would see what was before, and a
// signal would be lost. wait tells of a process that never comes up.
func (t *task) awaitCommands(ctx context.Context, before situation, w wanted, p plan) {
	for ctx.Err() == nil {
		if now, err := t.look(); err == nil && p.settled(w.shape, before, now) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// settled reports whether now has what p tells runsvs to do, and a runner and
// a sidecar of f that are those that p asks for and have written a status.
func (p plan) settled(f shape, before, now situation) bool {
	for _, c := range p.Commands {
		if !commandDeed(c, before).seen(now) {
			return false
		}
	}
	// What runs below an outer runsv that was killed hands over to what its successor starts.
	orphans := !before.Outer.Supervised
	return hasStatus(f.runner, orphans || p.succeeded(f.runner), before.Runner, now.Runner, now.Says.PID) &&
		hasStatus(f.sidecar, orphans || p.succeeded(f.sidecar), before.Announcer, now.Announcer, now.Announces.PID)
}

// hasStatus reports whether the process in dir, another than before if succeeded
// is set, has written a status: says is the process id in it.
func hasStatus(dir string, succeeded bool, before, now module.Process, says int) bool {
	if dir == "" {
		return true
	}
	pid := now.Status.PID
	return now.Supervised && pid != 0 && pid == says && !(succeeded && pid == before.Status.PID)
}
