package task

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/modules/rundock/plan"
)

// install makes the service what the parameters say: present, enabled or
// restarted. Until rundockd has found that the container can be made nothing
// is written, so that the previous service goes on running.
func (t *Task) install() error {
	w, err := t.Want()
	if err == nil {
		err = t.checkInstallable(w)
	}
	if err != nil {
		return err
	}
	now, err := t.service.Look()
	if err != nil {
		return err
	}
	t.wasEnabled = now.Enabled
	changes, err := fstree.Apply(t.service.Unit.Dir, w.Files, true)
	if err != nil {
		return err
	}
	run := t.isToRun(now)
	p := plan.Decide(now, w, changes, run, run && t.Params.State == "restarted")
	if p.Write || p.Acts() {
		if err := t.needsLog(); err != nil {
			return err
		}
	}
	if t.Check {
		t.noteFiles(now, changes)
		return t.checkInstall(now, p, w)
	}
	if t.Params.Rollback && (p.Write || p.Acts()) {
		if err := t.savePresent(now); err != nil {
			return err
		}
	}
	started := time.Now()
	changes, err = t.carryOut(now, w, p)
	if err != nil || !run {
		return err
	}
	return t.conclude(now, w, changes, t.wait(now, w, p, started))
}

// checkInstallable refuses w where it cannot be beside what the host has.
func (t *Task) checkInstallable(w plan.Wanted) error {
	if err := t.CheckCircle(w); err != nil {
		return err
	}
	if err := t.CheckColour(w); err != nil {
		return err
	}
	if err := t.CheckNamesake(w); err != nil {
		return err
	}
	return module.CheckProgram(t.host.Program)
}

// isToRun reports whether the service runs after the call. It warns where an
// administrator's hidden link keeps it from that, or a file named down after a boot.
func (t *Task) isToRun(now plan.Situation) bool {
	if t.Params.State == "present" && !now.Enabled {
		return false
	}
	if now.StaysDisabled() {
		t.WarnMasked(t.service.Unit, t.Params.Name, "the service enabled")
		return false
	}
	if now.Shape == plan.Both {
		t.WarnDown(t.service.Unit, plan.Both.Runner, plan.Both.Sidecar)
	} else {
		t.WarnDown(t.service.Unit)
	}
	return true
}

// carryOut does p, and returns the files that it changed. It does not wait for the
// service.
func (t *Task) carryOut(now plan.Situation, w plan.Wanted, p plan.Plan) (changes fstree.Changes, err error) {
	if err := t.ready(w, p, false); err != nil {
		return changes, err
	}
	if p.Enable {
		t.service.Beside = t.Enabling.Join()
		defer t.service.Beside.Leave()
	}
	stopping := t.service.Stopping()
	// What was done is told also when it fails; the next call finishes the job.
	changes, err = t.Together.Apply(t.service.Unit.Dir, w.Files, false)
	t.noteFiles(now, changes)
	if err != nil {
		return changes, err
	}
	if t.adopts {
		if err := t.adopt(w); err != nil {
			return changes, err
		}
	}
	t.notePlan(now, w, p)
	return changes, t.service.Act(now, w, p, stopping)
}

// conclude keeps w as the good state, or rolls the service back, as waiting for it
// ended with err.
func (t *Task) conclude(now plan.Situation, w plan.Wanted, changes fstree.Changes, err error) error {
	if !t.Params.Rollback {
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
// pull its image, for which there is as much time as to wait. To check is only to find
// out what takes no change.
func (t *Task) prepare(w plan.Wanted, check bool) error {
	q := control.Request{Op: control.Prepare, Check: check, Adopt: t.Params.Adopt}
	if t.Params.Wait != "none" {
		q.Timeout = t.Params.WaitTimeout
	}
	return t.ctlAbout(w, q)
}

// ctlAbout is ctl of what is asked about the service of w.
func (t *Task) ctlAbout(w plan.Wanted, q control.Request) (err error) {
	if q.Spec, err = json.Marshal(w.Service); err == nil && w.Service.Announced() {
		q.Announce, err = json.Marshal(w.Service.Announce)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", q.Op, t.Params.Name, err)
	}
	return t.ctl(q)
}

// ready has rundockd refuse what p cannot come to, before anything is changed. To
// check is to find out what takes no change.
func (t *Task) ready(w plan.Wanted, p plan.Plan, check bool) error {
	switch {
	case p.Prepare, t.Params.Adopt && p.Retry:
		return t.prepare(w, check)
	case p.Reannounce:
		return t.ctlAbout(w, control.Request{Op: control.Announceable})
	}
	return nil
}

// adopt has somebody else's container, which prepare has found fit, make room.
func (t *Task) adopt(w plan.Wanted) error {
	if err := t.ctlAbout(w, control.Request{Op: control.Adopt}); err != nil {
		return err
	}
	t.noteDeed("container taken over")
	return nil
}

// checkInstall finds out, in check mode, whether the call would be refused and do
// nothing.
func (t *Task) checkInstall(now plan.Situation, p plan.Plan, w plan.Wanted) (err error) {
	err = t.ready(w, p, true)
	if t.adopts {
		t.noteDeed("container taken over")
	}
	t.notePlan(now, w, p)
	if t.Follows {
		t.prepared = nil // that a port is not free yet
	}
	if err == nil && p.Clear {
		err = t.ctl(control.Request{Op: control.Stop, Check: true})
	}
	if err != nil {
		t.deeds, t.Diff, t.reread, t.restart, t.links = nil, nil, nil, false, false
	}
	return err
}
