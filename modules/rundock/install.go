package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/internal/runit"
	"rundock/supervisor"
)

// install makes the service what the parameters say: present, enabled or
// restarted. Until rundockd has found that the container can be made nothing
// is written, so that the previous service goes on running.
func (t *task) install() error {
	w, err := t.want()
	if err != nil {
		return err
	}
	if err := module.CheckProgram(t.host.program); err != nil {
		return err
	}
	now, err := t.look()
	if err != nil {
		return err
	}
	t.wasEnabled = now.Enabled
	changes, err := fstree.Apply(t.unit.Dir, w.files, true)
	if err != nil {
		return err
	}
	run := t.p.State != "present" || now.Enabled
	if now.Masked && !now.Enabled && run {
		t.warn("%s stays disabled: the link %s is there; remove it to have the service enabled", t.p.Name, t.unit.Mask())
		run = false
	}
	restart := t.p.State == "restarted" && run
	plan := decide(now, w, changes, run, restart)
	if plan.Write || plan.acts() {
		if err := t.needsLog(); err != nil {
			return err
		}
	}
	if t.check {
		t.wrote(now, changes)
		return t.foresee(now, plan, w)
	}

	if t.p.Rollback && (plan.Write || plan.acts()) {
		if err := t.keepPresent(now); err != nil {
			return err
		}
	}
	started := time.Now()
	if plan.Prepare || t.p.Adopt && plan.Retry {
		if err := t.prepare(w, false); err != nil {
			return err
		}
	}
	stopping := t.stopping()
	// What was done is told also when it fails; the next call finishes the job.
	changes, err = t.together.Apply(t.unit.Dir, w.files, false)
	t.wrote(now, changes)
	if err != nil {
		return err
	}
	if t.adopts {
		if err := t.adopt(w); err != nil {
			return err
		}
	}
	t.does(now, w, plan)
	if err := t.act(now, w, plan, stopping); err != nil {
		return err
	}
	if !run {
		return nil
	}
	err = t.wait(now, w, plan, started)
	if !t.p.Rollback {
		return err
	}
	var failed *failure
	if errors.As(err, &failed) {
		return t.rollback(now, changes, err)
	}
	if err != nil {
		return err // it is not known how the service is
	}
	return t.keepNew(w)
}

// prepare has rundockd find out whether the container of w can be made, and
// pull its image. To check is only to find out what takes no change.
func (t *task) prepare(w wanted, check bool) error {
	service, err := json.Marshal(w.service)
	if err != nil {
		return fmt.Errorf("prepare %s: %w", t.p.Name, err)
	}
	return t.ctl(control.Request{Op: control.Prepare, Spec: service, Check: check, Adopt: t.p.Adopt})
}

// adopt has somebody else's container, which prepare has found fit, make room.
func (t *task) adopt(w wanted) error {
	service, err := json.Marshal(w.service)
	if err != nil {
		return fmt.Errorf("adopt %s: %w", t.p.Name, err)
	}
	if err := t.ctl(control.Request{Op: control.Adopt, Spec: service}); err != nil {
		return err
	}
	t.did("container taken over")
	return nil
}

// foresee finds out, in check mode, whether the call would be refused. Then it
// would do nothing.
func (t *task) foresee(now situation, p plan, w wanted) (err error) {
	if p.Prepare || t.p.Adopt && p.Retry {
		err = t.prepare(w, true)
	}
	if t.adopts {
		t.did("container taken over")
	}
	t.does(now, w, p)
	if t.follows {
		t.prepared = nil // that a port is not free yet
	}
	if err == nil && p.Clear {
		err = t.ctl(control.Request{Op: control.Stop, Check: true})
	}
	if err != nil {
		t.deeds, t.diff, t.reread, t.restart, t.links = nil, nil, nil, false, false
	}
	return err
}

// wrote notes the files that were written, or are to be.
func (t *task) wrote(now situation, changes fstree.Changes) {
	t.diff = shown(changes)
	if changes.Changed() {
		t.did(module.Choose(now.Installed, "files updated", "installed"))
	}
}

// does notes what p does.
func (t *task) does(now situation, w wanted, p plan) {
	t.restart = t.restart || p.Replace
	if p.Replace {
		t.reread = supervisor.Changed(w.service.Container.Files(), now.Says.Contents, w.contents)
	}
	t.deeds = append(t.deeds, p.deeds(now, w, t.p.Wait != "none")...)
	t.links = p.Enable
}

// act brings the processes to the files. stopping is how long the old ones
// may take to stop.
func (t *task) act(now situation, w wanted, p plan, stopping time.Duration) error {
	if p.Exchange {
		if err := t.exchange(now, w, stopping); err != nil {
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
		if err := t.tell(ctx, c.Dir, c.Letter); err != nil {
			return err
		}
	}
	if p.Clear {
		if err := t.ctl(control.Request{Op: control.Stop}); err != nil {
			return err
		}
	}
	if p.acts() {
		t.settle(ctx, now, w, p)
	}
	switch {
	case p.Replace:
		return t.tell(ctx, w.shape.runner, "1")
	case p.Retry && t.p.Wait == "none": // who waits has it done
		return t.tell(ctx, w.shape.runner, "2")
	}
	return nil
}

// tell writes a letter to the runsv of dir; an inner one may still be on its
// way after a start just before.
func (t *task) tell(ctx context.Context, dir, letter string) error {
	for {
		err := runit.Control(filepath.Join(t.unit.Dir, dir), letter)
		if !errors.Is(err, runit.ErrNotSupervised) || ctx.Err() != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// exchange has what runs leave for processes of another shape: the container
// goes on, as long as there is to be one, and so does its announcement. The
// service's runsv leaves as well, since it keeps its logger, or the lack of
// one, for life.
func (t *task) exchange(now situation, w wanted, stopping time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopping)
	defer cancel()
	if now.Shape.announcer != "" && w.shape.announcer == "" {
		if err := runit.Stop(ctx, filepath.Join(t.unit.Dir, now.Shape.announcer)); err != nil {
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
	err := runit.Exit(ctx, t.unit.Dir, t.lostLog)
	if err == nil {
		err = t.clearOthers(ctx, w.shape)
	}
	// Also when that failed: what was enabled stays so.
	return errors.Join(err, t.unit.Enable(ctx))
}

// clearOthers removes what runsvs of another shape than f keep in the service
// directory, which nobody supervises now. Inner ones that are left without
// their parent, which was killed, hand over first.
func (t *task) clearOthers(ctx context.Context, f shape) error {
	if f == both {
		return runit.Clear(filepath.Join(t.unit.Dir, "log"))
	}
	t.endNested()
	for _, d := range []string{both.announcer, both.runner} {
		d = filepath.Join(t.unit.Dir, d)
		if err := runit.Leave(ctx, d); err != nil {
			return err
		}
		if err := runit.Exit(ctx, d, t.lostLog); err != nil {
			return err
		}
		if err := runit.Clear(d); err != nil {
			return err
		}
		os.Remove(filepath.Dir(d)) // stays where somebody keeps something in it
	}
	return nil
}

// settle waits until the runsvs have done what p told them, so that neither the
// result nor a later call sees what was before, and the processes that were
// started or told to hand over have successors whose status files can be
// believed: a signal before that would be lost. One that never comes up is
// told of by wait.
func (t *task) settle(ctx context.Context, before situation, w wanted, p plan) {
	for ctx.Err() == nil {
		if now, err := t.look(); err == nil && p.settled(w.shape, before, now) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// settled reports whether now has what p tells runsvs to do, and a runner and
// an announcer of f that are those that p asks for and have written a status.
func (p plan) settled(f shape, before, now situation) bool {
	for _, c := range p.Commands {
		if !commandDeed(c, before).seen(now) {
			return false
		}
	}
	return p.present(f.runner, before.Runner, now.Runner, now.Says.PID) &&
		p.present(f.announcer, before.Announcer, now.Announcer, now.Announces.PID)
}

// present reports whether the process in dir is the one that p asks for, and
// has written a status: says is the process id in it.
func (p plan) present(dir string, before, now module.Process, says int) bool {
	if dir == "" {
		return true
	}
	pid := now.Status.PID
	return now.Supervised && pid != 0 && pid == says && !(p.succeeded(dir) && pid == before.Status.PID)
}
