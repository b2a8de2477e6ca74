package task

import (
	"fmt"
	"strings"

	"rundock/internal/module"
	"rundock/internal/overlay"
	"rundock/modules/rundock_overlay/look"
	"rundock/modules/rundock_overlay/plan"
)

// present makes this host take part. Until it is known that it can, nothing
// is written.
func (t *task) present() error {
	now, err := t.look()
	if err != nil {
		return err
	}
	t.told = now.Tell(t.p.Name)
	if now.Joined != nil {
		if fields := t.settings.Differences(*now.Joined); fields != nil {
			return fmt.Errorf("network %s cannot become one of %s while hosts are in it: have all of them leave it first, by state=absent", t.p.Name, strings.Join(fields, ", "))
		}
	}
	files, err := plan.Files(t.settings, t.unit)
	if err != nil {
		return err
	}
	settings, service, err := files.Put(true)
	if err != nil {
		return err
	}
	p := plan.Decide(now, settings, service)
	if now.StaysDisabled() {
		t.WarnMasked(t.unit, t.p.Name, "the network kept")
		p.DaemonPlan = module.DaemonPlan{}
	}
	t.WarnDown(t.unit)
	k, err := t.foresee(now, p, files.File.Data)
	if err != nil {
		return err
	}
	t.Actions = p.Actions(now)
	t.Diff = append(settings.Diff(), service.Diff()...)
	t.showLink(now.Enabled, now.Enabled || p.Enable)
	t.showCommands(k.Commands())
	if t.Check && !p.Changes() && now.Up() {
		t.warnOf(now)
	}
	if t.Check {
		return nil
	}
	if _, _, err := files.Put(false); err != nil || now.StaysDisabled() {
		return err
	}
	if err = t.unit.Carry(p.DaemonPlan); err == nil {
		err = t.wait(now, p)
	}
	if err != nil && now.Joined == nil && now.Bad == nil {
		return t.takeBack(err)
	}
	if err == nil && k.NoteSubnet(t.told.Subnet) {
		t.Diff = t.Diff[:len(t.Diff)-1]
		t.showCommands(k.Commands())
	}
	return err
}

// foresee finds out, where p changes anything, whether this host can take part, and
// what the kernel will hold.
func (t *task) foresee(now plan.Situation, p plan.Plan, settings []byte) (k plan.Kernel, err error) {
	if !p.Changes() {
		return k, nil
	}
	k, uncompared, err := look.Room(t.host, t.settings, t.told.Subnet)
	for _, w := range uncompared {
		t.Warn("%s", w)
	}
	if err != nil {
		return k, err
	}
	if now.Joined == nil {
		if err := overlay.CheckForeignDevices(k.Have, t.settings.Network, k.Host.Machine); err != nil {
			return k, err
		}
	}
	if err := t.try(settings); err != nil {
		return k, err
	}
	t.told = t.told.Foretell(k)
	return k, nil
}

// try has rundockd say whether this host can join, for which it waits for a
// store that is away, but for check mode.
func (t *task) try(settings []byte) error {
	if t.Check {
		return t.rundockd(settings, "try")
	}
	return t.rundockd(settings, "try", fmt.Sprintf("--wait=%ds", t.p.WaitTimeout))
}

// takeBack has the host as it was before a first join that failed because of
// err, so that nothing joins later that is not wanted any more by then.
func (t *task) takeBack(err error) error {
	now, e := t.look()
	if e == nil {
		e = t.leave("--check", "--offline")
	}
	if e == nil {
		e = t.remove(now, false, "--offline")
	}
	if e != nil {
		return fmt.Errorf("%w\nthe network is not taken off this host again, which state=absent does: %w", err, e)
	}
	t.Actions, t.Diff = nil, nil
	t.told = plan.Facts{Name: t.p.Name, State: "absent"}
	return fmt.Errorf("%w\nthis host is as it was before the call", err)
}
