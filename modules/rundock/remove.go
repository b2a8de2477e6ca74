package main

import (
	"fmt"
	"path/filepath"

	"rundock/internal/control"
	"rundock/internal/fstree"
)

// disabled stops the service and keeps it from being started. Its files stay.
func (t *task) disabled() error {
	now, err := t.look()
	if err != nil {
		return err
	}
	t.wasEnabled = now.Enabled
	lives := t.isSupervised(now)
	// Without a service directory, which somebody may have deleted, dockerd alone knows.
	asks := now.mayHaveContainer() || lives && now.Shape.runner != "" || !now.Installed
	if t.check {
		return t.checkStop(now, control.Stop, lives, asks)
	}
	if err := t.unlink(now); err != nil {
		return err
	}
	if lives {
		if err := t.stopAll(); err != nil {
			return err
		}
	}
	there := false
	switch {
	case !now.Installed:
		there, err = t.stopLeft()
	case asks:
		there, err = t.stop(control.Stop)
	}
	if err != nil {
		return fmt.Errorf("%s is disabled, but it is not known to be stopped: %w", t.p.Name, err)
	}
	t.stopped(lives, there)
	return nil
}

// checkStop notes, in check mode, what a call that takes the service away would do,
// unless it would fail.
func (t *task) checkStop(now situation, op control.Op, lives, asks bool) error {
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
func (t *task) absent() error {
	now, err := t.look()
	if err != nil {
		return err
	}
	t.wasEnabled = now.Enabled
	changes, err := fstree.Remove(t.unit.Dir, true)
	if err != nil {
		return err
	}
	hidden := now.Masked && t.unit.OwnsMask()
	leftovers := exists(filepath.Join(t.host.run, t.p.Name)) || exists(filepath.Join(t.host.state, t.p.Name))
	lives := t.isSupervised(now)
	if !now.Installed && !now.Enabled && !hidden && !leftovers && !lives {
		return nil
	}
	if t.check {
		if err := t.checkStop(now, control.Remove, lives, true); err != nil {
			return err
		}
		t.removed(changes)
		return nil
	}
	if err := t.unlink(now); err != nil {
		return err
	}
	if err := t.stopAll(); err != nil {
		return err
	}
	// Also where the runner stopped it: a runner that was killed did not.
	if _, err := t.stop(control.Remove); err != nil {
		return err
	}
	if hidden {
		if err := t.unit.Unmask(); err != nil {
			return err
		}
	}
	if changes, err = fstree.Remove(t.unit.Dir, false); err != nil {
		return err
	}
	t.removed(changes)
	return nil
}

// removed notes the end of the service for the result.
func (t *task) removed(changes fstree.Changes) {
	t.deeds = append(t.deeds, deed{"removed", func(after situation) bool { return !after.Installed && !t.isSupervised(after) }})
	t.diff = maskedDiff(changes)
}
