package task

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/internal/overlay"
	"rundock/modules/rundock_overlay/look"
	"rundock/modules/rundock_overlay/plan"
)

// absent takes everything of the network away from this host but the agent's
// log: first the agent, which tells other hosts, then what rundockd knows how
// to remove, then the files. An interrupted call is finished by the next.
func (t *task) absent() error {
	now, err := t.look()
	if err != nil {
		return err
	}
	t.told = now.Tell(t.p.Name)
	r, err := plan.DecideRemoval(now, t.unit.OwnsMask())
	if err != nil {
		return err
	}
	if now.Joined != nil {
		if err := t.leave(append(t.forced(), "--check")...); err != nil {
			return err
		}
	}
	service, err := fstree.Remove(t.unit.Dir, true)
	if err != nil {
		return err
	}
	settings, err := fstree.Delete(overlay.SettingsDir, t.file(), true)
	if err != nil {
		return err
	}
	if r.GiveBack {
		return t.giveBack()
	}
	if r.Nothing {
		t.told = plan.Facts{Name: t.p.Name, State: "absent"}
		return nil
	}
	lines := ""
	if now.Joined != nil {
		attached, err := t.attached()
		if err != nil {
			return err
		}
		if lines, err = undoing(now.Joined.Network, attached); err != nil {
			return err
		}
	}
	t.Actions = []string{"removed"}
	t.Diff = append(settings.Diff(), service.Diff()...)
	t.showLink(now.Enabled, false)
	t.showCommands(lines)
	if t.Check {
		t.told = plan.Facts{Name: t.p.Name, State: "absent"}
		return nil
	}
	if err := t.remove(now, r.Unmask, t.forced()...); err != nil {
		return err
	}
	t.told = plan.Facts{Name: t.p.Name, State: "absent"}
	return nil
}

// giveBack tells the store what an earlier call could not.
func (t *task) giveBack() error {
	t.told = plan.Facts{Name: t.p.Name, State: "absent"}
	t.Actions = []string{"subnet given back"}
	if t.Check {
		err := t.leave("--check")
		if err != nil {
			t.Actions = nil
		}
		if err != nil && t.p.Force {
			t.Warn("%v", err)
			return nil
		}
		return err
	}
	err := t.leave(t.forced()...)
	now, e := t.look()
	if now.Owed {
		t.Actions = nil
	}
	return errors.Join(err, e)
}

// remove does what absent has found out, leaving by rundockd with these flags.
func (t *task) remove(now plan.Situation, hidden bool, flags ...string) error {
	if err := t.unit.Unlink(); err != nil {
		return err
	}
	if err := t.halt(); err != nil {
		return err
	}
	if now.Joined != nil {
		err := t.leave(flags...)
		var attached *attachedError
		if errors.As(err, &attached) && now.Enabled {
			// By a container of this very moment: nothing was done.
			ctx, cancel := context.WithTimeout(context.Background(), module.Patience)
			defer cancel()
			t.Actions, t.Diff = nil, nil
			return errors.Join(err, t.unit.Enable(ctx))
		}
		if err != nil {
			return err
		}
	}
	if hidden {
		if err := t.unit.Unmask(); err != nil {
			return err
		}
	}
	if _, err := fstree.Remove(t.unit.Dir, false); err != nil {
		return err
	}
	// Last: without it nobody knows any more what there is to remove.
	_, err := fstree.Delete(overlay.SettingsDir, t.file(), false)
	return err
}

// halt ends the agent, which is not linked any more.
func (t *task) halt() error {
	killed, err := t.unit.Halt()
	if killed {
		t.Warn("the agent of %s has not ended within %s and was killed", t.p.Name, module.Patience)
	}
	return err
}

// leave has rundockd remove what it made of the network; with --check, only
// say whether it would.
func (t *task) leave(flags ...string) error {
	return t.rundockd(nil, append(append([]string{"leave"}, flags...), t.p.Name)...)
}

// forced is how the caller has leave go on.
func (t *task) forced() []string {
	if t.p.Force {
		return []string{"--force"}
	}
	return nil
}

// attached are the containers that leave will take off the network: by force alone.
func (t *task) attached() ([]string, error) {
	if !t.p.Force {
		return nil, nil
	}
	o, err := module.Rundockd(nil, "overlay", "leave", "--attached", t.p.Name)
	if err == nil {
		err = o.Err()
	}
	return strings.Fields(string(o.Stdout)), err
}

// undoing are the commands by which a person would do what leave does.
func undoing(n overlay.Network, attached []string) (string, error) {
	have, err := look.Devices(n, netip.Prefix{})
	return plan.Undoing(n, have, attached), err
}
