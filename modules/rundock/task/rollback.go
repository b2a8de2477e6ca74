package task

import (
	"fmt"
	"time"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/modules/rundock/look"
	"rundock/modules/rundock/plan"
)

// savePresent keeps the state that the service is in, if it is well, before
// it is changed. A service that is not has what was kept before.
func (t *Task) savePresent(now plan.Situation) error {
	files, err := fstree.Read(t.service.Unit.Dir)
	if err != nil || len(files) == 0 || pinned(files) {
		return err
	}
	w := plan.Wanted{Hash: now.Spec, Shape: now.Shape}
	if look.ShapeOnDisk(t.service.Unit.Dir) != now.Shape || !t.isWell(now, w) {
		return nil
	}
	return t.saveGood(files, now.Says.Image)
}

// isWell reports whether the service, which is w, is as the call is to wait for.
// Where the status files do not tell, rundockd is asked.
func (t *Task) isWell(now plan.Situation, w plan.Wanted) bool {
	if plan.Reached(now, w, t.Params.Wait, time.Now()) {
		return true
	}
	if t.Params.Wait != "healthy" || !plan.Reached(now, w, "running", time.Now()) {
		return false
	}
	answer, err := t.session.Do(control.Request{Op: control.Wait, Service: t.Params.Name, Want: control.Want{For: t.Params.Wait, Hash: w.Hash}, Timeout: 1})
	return err == nil && answer.Error == ""
}

// saveNew keeps w, which was just found well.
func (t *Task) saveNew(w plan.Wanted) error {
	now, err := t.service.Look()
	if err != nil {
		return err
	}
	return t.saveGood(w.Files, now.Says.Image)
}

// rollback brings the service back to its good state; why is what waiting for it
// has found out. before is how the service stood when the call began,
// and first the changes that the call made. The error says what became of it.
func (t *Task) rollback(before plan.Situation, first fstree.Changes, why error) error {
	g, ok, err := t.readGood()
	if err != nil {
		return fmt.Errorf("it is not rolled back: %w: %w", err, why)
	}
	if !ok && before.Enabled {
		return fmt.Errorf("it is not rolled back, as no call has found it well yet: %w", why)
	}
	if !ok {
		return t.giveUp(first, why)
	}
	w, err := t.goodWanted(g)
	if err != nil {
		return fmt.Errorf("it is not rolled back: %w: %w", err, why)
	}
	now, err := t.service.Look()
	restored := false
	if err == nil {
		restored, err = t.restore(now, w, first)
	}
	what := "the service directory of before"
	if g.Image != "" {
		what += fmt.Sprintf(" and image %.19s", g.Image)
	}
	switch {
	case err != nil && !restored:
		return fmt.Errorf("it is not rolled back to %s: %w; why it was to be: %w", what, err, why)
	case err != nil:
		return fmt.Errorf("it was rolled back to %s, which is not well either: %w; why it was rolled back: %w", what, err, why)
	}
	return fmt.Errorf("it was rolled back to %s: %w", what, why)
}

// restore makes the service w, and waits until it is well. restored says that
// its files are those of w.
func (t *Task) restore(now plan.Situation, w plan.Wanted, first fstree.Changes) (restored bool, err error) {
	changes, err := fstree.Apply(t.service.Unit.Dir, w.Files, true)
	if err != nil {
		return false, err
	}
	p := plan.Decide(now, w, changes, true, false)
	t.pulling = 0 // it was for another image
	stopping := t.service.Stopping()
	started := time.Now()
	changes, err = fstree.Apply(t.service.Unit.Dir, w.Files, false)
	t.Diff = maskedDiff(first.Then(changes))
	if err != nil {
		return false, err
	}
	t.notePlan(now, w, p)
	defer t.noteDeed("rolled back")
	if err := t.service.Act(now, w, p, stopping); err != nil {
		return true, err
	}
	return true, t.wait(now, w, p, started)
}

// giveUp stops a service that was never well. Its files stay.
func (t *Task) giveUp(first fstree.Changes, why error) error {
	now, err := t.service.Look()
	if err == nil && now.Enabled {
		err = t.service.Unit.Unlink()
	}
	if err == nil {
		err = t.service.StopAll()
	}
	if err == nil && now.Shape.Runner != "" {
		_, err = t.stop(control.Stop)
	}
	if err != nil {
		return fmt.Errorf("it could not be stopped: %w: %w", err, why)
	}
	t.stopped(true, false)
	t.Diff = maskedDiff(first)
	return fmt.Errorf("it was stopped, as there is nothing to roll back to: %w", why)
}
