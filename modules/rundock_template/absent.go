package main

import (
	"context"
	"fmt"
	"time"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/internal/runit"
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
	t.told = facts{Name: t.p.Name, State: "absent"}
	definition, err := fstree.Delete(supervisor.TemplateDir, t.file(), true)
	if err != nil {
		return err
	}
	known := now.Says.PID != 0
	last := now.Others == 0 && renderdir.Is(t.unit.Dir)
	if !definition.Changed() && !known && !last {
		return nil
	}
	t.actions = []string{"removed"}
	t.diff = definition.Diff()
	if last {
		if err := t.foreseeEnd(now); err != nil {
			return err
		}
	}
	if t.check {
		return nil
	}
	if _, err := fstree.Delete(supervisor.TemplateDir, t.file(), false); err != nil {
		return err
	}
	if last {
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
func (t *task) foreseeEnd(now situation) error {
	service, err := fstree.Remove(t.unit.Dir, true)
	if err != nil {
		return err
	}
	t.actions = append(t.actions, "renderer removed")
	t.diff = append(append(t.diff, service.Diff()...), t.unit.LinkDiff(now.Enabled, false)...)
	return nil
}

// end takes the renderer's service away.
func (t *task) end(now situation) error {
	if err := t.unit.Unlink(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), module.Patience)
	defer cancel()
	if err := runit.Exit(ctx, t.unit.Dir, nil); err != nil {
		return err
	}
	if now.Masked && t.unit.OwnsMask() {
		if err := t.unit.Unmask(); err != nil {
			return err
		}
	}
	_, err := fstree.Remove(t.unit.Dir, false)
	return err
}

// forget has another renderer take the place of the one that knows the template.
func (t *task) forget(now situation) error {
	if !now.speaks() {
		return nil
	}
	if err := runit.Control(t.unit.Dir, "h"); err != nil {
		return err
	}
	for deadline := time.Now().Add(module.Patience); ; time.Sleep(20 * time.Millisecond) {
		p, err := module.Watch(t.unit.Dir)
		if err != nil || p.Status.PID != now.Says.PID {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the renderer, process %d, has not handed over within %s", now.Says.PID, module.Patience)
		}
	}
}
