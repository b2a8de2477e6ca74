package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/module"
)

// install makes the service what the parameters say: present, enabled or
// restarted. Until rundockd has found that the container can be made nothing
// is written, so that the previous service goes on running.
func (t *task) install() error {
	w, err := t.want()
	if err == nil {
		err = t.checkInstallable(w)
	}
	if err != nil {
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
	run := t.isToRun(now)
	plan := decide(now, w, changes, run, run && t.p.State == "restarted")
	if plan.Write || plan.acts() {
		if err := t.needsLog(); err != nil {
			return err
		}
	}
	if t.check {
		t.noteFiles(now, changes)
		return t.checkInstall(now, plan, w)
	}
	if t.p.Rollback && (plan.Write || plan.acts()) {
		if err := t.savePresent(now); err != nil {
			return err
		}
	}
	started := time.Now()
	changes, err = t.carryOut(now, w, plan)
	if err != nil || !run {
		return err
	}
	return t.conclude(now, w, changes, t.wait(now, w, plan, started))
}

// checkInstallable refuses w where it cannot be beside what the host has.
func (t *task) checkInstallable(w wanted) error {
	if err := t.checkCircle(w, t.beside); err != nil {
		return err
	}
	if err := t.checkColour(w); err != nil {
		return err
	}
	return module.CheckProgram(t.host.program)
}

// isToRun reports whether the service runs after the call. It warns where an
// administrator's hidden link keeps it from that.
func (t *task) isToRun(now situation) bool {
	if t.p.State == "present" && !now.Enabled {
		return false
	}
	if now.Masked && !now.Enabled {
		t.warn("%s stays disabled: the link %s is there; remove it to have the service enabled", t.p.Name, t.unit.Mask())
		return false
	}
	return true
}

// carryOut does p, and returns the files that it changed. It does not wait for the
// service.
func (t *task) carryOut(now situation, w wanted, plan plan) (changes fstree.Changes, err error) {
	if plan.Prepare || t.p.Adopt && plan.Retry {
		if err := t.prepare(w, false); err != nil {
			return changes, err
		}
	}
	stopping := t.stopping()
	// What was done is told also when it fails; the next call finishes the job.
	changes, err = t.together.Apply(t.unit.Dir, w.files, false)
	t.noteFiles(now, changes)
	if err != nil {
		return changes, err
	}
	if t.adopts {
		if err := t.adopt(w); err != nil {
			return changes, err
		}
	}
	t.notePlan(now, w, plan)
	return changes, t.act(now, w, plan, stopping)
}

// conclude keeps w as the good state, or rolls the service back, as waiting for it
// ended with err.
func (t *task) conclude(now situation, w wanted, changes fstree.Changes, err error) error {
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
	return t.saveNew(w)
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
	t.noteDeed("container taken over")
	return nil
}

// checkInstall finds out, in check mode, whether the call would be refused and do
// nothing.
func (t *task) checkInstall(now situation, p plan, w wanted) (err error) {
	if p.Prepare || t.p.Adopt && p.Retry {
		err = t.prepare(w, true)
	}
	if t.adopts {
		t.noteDeed("container taken over")
	}
	t.notePlan(now, w, p)
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
