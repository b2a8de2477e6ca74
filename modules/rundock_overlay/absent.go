package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/internal/overlay"
	"rundock/internal/runit"
)

// absent takes everything of the network away from this host but the agent's
// log: first the agent, which tells other hosts, then what rundockd knows how
// to remove, then the files. An interrupted call is finished by the next.
func (t *task) absent() error {
	now, err := t.look()
	if err != nil {
		return err
	}
	t.tell(now)
	if now.Bad != nil {
		return fmt.Errorf("%w: mend it, as it says what there is to remove", now.Bad)
	}
	if now.Settings != nil {
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
	hidden := now.Masked && t.unit.OwnsMask()
	nothing := now.Settings == nil && !now.Installed && !now.Enabled && !hidden && !now.Agent.Supervised
	if nothing && now.Owed {
		return t.giveBack()
	}
	if nothing {
		t.told = facts{Name: t.p.Name, State: "absent"}
		return nil
	}
	lines := ""
	if now.Settings != nil {
		if lines, err = undone(*now.Settings); err != nil {
			return err
		}
	}
	t.actions = []string{"removed"}
	t.diff = append(settings.Diff(), service.Diff()...)
	t.linked(now.Enabled, false)
	t.commands(lines)
	if t.check {
		t.told = facts{Name: t.p.Name, State: "absent"}
		return nil
	}
	if err := t.remove(now, hidden, t.forced()...); err != nil {
		return err
	}
	t.told = facts{Name: t.p.Name, State: "absent"}
	return nil
}

// giveBack tells the registry what an earlier call could not.
func (t *task) giveBack() error {
	t.told = facts{Name: t.p.Name, State: "absent"}
	t.actions = []string{"subnet given back"}
	if t.check {
		return nil
	}
	err := t.leave(t.forced()...)
	now, e := t.look()
	if now.Owed {
		t.actions = nil
	}
	return errors.Join(err, e)
}

// remove does what absent has found out, leaving by rundockd with these flags.
func (t *task) remove(now situation, hidden bool, flags ...string) error {
	if err := t.unit.Unlink(); err != nil {
		return err
	}
	if err := t.halt(); err != nil {
		return err
	}
	if now.Settings != nil {
		err := t.leave(flags...)
		var attached *attachedError
		if errors.As(err, &attached) && now.Enabled {
			// By a container of this very moment: nothing was done.
			ctx, cancel := context.WithTimeout(context.Background(), module.Patience)
			defer cancel()
			t.actions, t.diff = nil, nil
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
	exit := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), module.Patience)
		defer cancel()
		return runit.Exit(ctx, t.unit.Dir, nil)
	}
	if exit() == nil {
		return nil
	}
	t.warn("the agent of %s has not ended within %s and was killed", t.p.Name, module.Patience)
	if err := module.Kill(t.unit.Dir); err != nil {
		return err
	}
	return exit()
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

// undone are the commands by which a person would do what leave does.
func undone(s overlay.Settings) (string, error) {
	have, err := look(s.Network, netip.Prefix{})
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if have.Bridge.Exists {
		fmt.Fprintln(&b, "docker network rm", s.Name)
	}
	for _, op := range overlay.Plan(have, overlay.WantNothing(s.Network)) {
		fmt.Fprintln(&b, op)
	}
	return b.String(), nil
}
