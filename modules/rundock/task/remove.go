package task

import (
	"fmt"
	"path/filepath"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/modules/rundock/look"
	"rundock/modules/rundock/plan"
)

// disabled stops the service and keeps it from being started. Its files stay.
func (t *Task) disabled() error {
	now, err := t.service.Look()
	if err != nil {
		return err
	}
	t.wasEnabled = now.Enabled
	if foreign, err := t.leavesForeign(now.Installed); foreign || err != nil {
		return err
	}
	lives := t.service.IsSupervised(now)
	// Without a service directory, which somebody may have deleted, dockerd alone knows.
	asks := now.MayHaveContainer() || lives && now.Shape.Runner != "" || !now.Installed
	t.warnLast(now)
	if t.Check {
		return t.checkStop(now, control.Stop, lives, asks)
	}
	if err := t.unlink(now); err != nil {
		return err
	}
	if lives {
		if err := t.service.StopAll(); err != nil {
			return err
		}
		t.warnStays()
	}
	there := false
	switch {
	case !now.Installed:
		there, err = t.stopLeft()
	case asks:
		there, err = t.stop(control.Stop)
	}
	if err != nil {
		return fmt.Errorf("%s is disabled, but it is not known to be stopped: %w", t.Params.Name, err)
	}
	t.stopped(lives, there)
	return nil
}

// checkStop notes, in check mode, what a call that takes the service away would do,
// unless it would fail.
func (t *Task) checkStop(now plan.Situation, op control.Op, lives, asks bool) error {
	there := false
	if asks {
		var err error
		if there, err = t.stop(op); err != nil {
			return err
		}
	}
	if err := t.unlink(now); err != nil {
		return err
	}
	if op == control.Stop {
		t.stopped(lives, there)
	}
	return nil
}

// absent stops the service and removes everything of it but its logs.
func (t *Task) absent() error {
	now, err := t.service.Look()
	if err != nil {
		return err
	}
	t.wasEnabled = now.Enabled
	changes, err := fstree.Remove(t.service.Unit.Dir, true)
	if err != nil {
		return err
	}
	hidden := now.Masked && t.service.Unit.OwnsMask()
	leftovers := look.Exists(filepath.Join(t.host.Run, t.Params.Name)) || look.Exists(filepath.Join(t.host.State, t.Params.Name))
	lives := t.service.IsSupervised(now)
	if !now.Installed && !now.Enabled && !hidden && !leftovers && !lives {
		return nil
	}
	if foreign, err := t.leavesForeign(now.Installed); foreign || err != nil {
		return err
	}
	t.warnLast(now)
	if t.Check {
		if err := t.checkStop(now, control.Remove, lives, true); err != nil {
			return err
		}
		t.removed(changes)
		return nil
	}
	if err := t.unlink(now); err != nil {
		return err
	}
	if err := t.service.StopAll(); err != nil {
		return err
	}
	if lives {
		t.warnStays()
	}
	// Also where the runner stopped it: a runner that was killed did not.
	if _, err := t.stop(control.Remove); err != nil {
		return err
	}
	if hidden {
		if err := t.service.Unit.Unmask(); err != nil {
			return err
		}
	}
	if changes, err = fstree.Remove(t.service.Unit.Dir, false); err != nil {
		return err
	}
	t.removed(changes)
	return nil
}

// removed notes the end of the service for the result.
func (t *Task) removed(changes fstree.Changes) {
	t.deeds = append(t.deeds, plan.Deed{Word: "removed", Seen: func(after plan.Situation) bool { return !after.Installed && !t.service.IsSupervised(after) }})
	t.Diff = maskedDiff(changes)
}
