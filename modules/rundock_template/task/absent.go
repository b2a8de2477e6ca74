package task

import (
	"fmt"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/internal/runit"
	"rundock/modules/rundock_template/plan"
	"rundock/supervisor"
	"rundock/supervisor/renderdir"
)

// absent has the renderer forget the template; the last one takes the renderer's
// service with it. The rendered file stays. An interrupted call is finished by
// the next.
func (t *task) absent() error {
	now, err := t.look()
	if err != nil {
		return err
	}
	t.told = plan.Facts{Name: t.p.Name, State: "absent"}
	definition, err := fstree.Delete(supervisor.TemplateDir, t.file(), true)
	if err != nil {
		return err
	}
	r := plan.DecideRemoval(now, definition, renderdir.Is(t.unit.Dir))
	if r.Nothing {
		return nil
	}
	t.Diff = definition.Diff()
	if r.Service {
		if err := t.foreseeEnd(now); err != nil {
			return err
		}
	}
	t.Actions = r.Actions()
	if t.Check {
		return nil
	}
	if _, err := fstree.Delete(supervisor.TemplateDir, t.file(), false); err != nil {
		return err
	}
	if r.Service {
		err = t.end(now)
	} else {
		err = t.forget(now)
	}
	if err != nil {
		return err
	}
	return control.RemoveTemplate(control.Dir, t.p.Name)
}

// foreseeEnd says what end takes away.
func (t *task) foreseeEnd(now plan.Situation) error {
	service, err := fstree.Remove(t.unit.Dir, true)
	if err != nil {
		return err
	}
	t.Diff = append(append(t.Diff, service.Diff()...), t.unit.LinkDiff(now.Enabled, false)...)
	return nil
}

// end takes the renderer's service away.
func (t *task) end(now plan.Situation) error {
	if err := t.unit.Unlink(); err != nil {
		return err
	}
	killed, err := t.unit.Halt()
	if killed {
		t.Warn("the renderer has not ended within %s and was killed", module.Patience)
	}
	if err != nil {
		return err
	}
	if now.Masked && t.unit.OwnsMask() {
		if err := t.unit.Unmask(); err != nil {
			return err
		}
	}
	_, err = fstree.Remove(t.unit.Dir, false)
	return err
}

// forget has another renderer take the place of the one that knows the template.
func (t *task) forget(now plan.Situation) error {
	if !now.Speaks() {
		return nil
	}
	if err := runit.Control(t.unit.Dir, "h"); err != nil {
		return err
	}
	left := func() (bool, error) {
		p, err := module.Watch(t.unit.Dir)
		return p.Status.PID != now.Says.PID, err
	}
	return module.Await(module.Patience, left, func() error {
		return fmt.Errorf("the renderer, process %d, has not handed over within %s", now.Says.PID, module.Patience)
	})
}
