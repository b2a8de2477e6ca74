package task

import (
	"rundock/internal/module"
	"rundock/modules/rundock_template/plan"
)

// present has the file kept. Until it is known what becomes of it, nothing is
// written.
func (t *task) present() error {
	now, err := t.look()
	if err != nil {
		return err
	}
	t.told = now.Tell(t.p.Name, t.p.Dest)
	if t.noConfig != nil {
		return t.noConfig
	}
	files, err := plan.Files(t.definition, t.unit)
	if err != nil {
		return err
	}
	definition, service, err := files.Put(true)
	if err != nil {
		return err
	}
	p := plan.Decide(now, definition, service)
	if now.StaysDisabled() {
		t.WarnMasked(t.unit, "the renderer", "the file kept")
		p.DaemonPlan = module.DaemonPlan{}
	}
	t.WarnDown(t.unit)
	var trial outcome
	if p.Changes() {
		if trial, err = t.try(files.File.Data); err != nil {
			return err
		}
	}
	t.Actions = p.Actions(now, trial.replaces && !now.StaysDisabled())
	t.Diff = append(append(definition.Diff(), service.Diff()...), trial.diff...)
	t.Diff = append(t.Diff, t.unit.LinkDiff(now.Enabled, now.Enabled || p.Enable)...)
	if t.Check {
		return nil
	}
	if _, _, err := files.Put(false); err != nil || now.StaysDisabled() {
		return err
	}
	if err := t.unit.Carry(p.DaemonPlan); err != nil {
		return err
	}
	return t.wait()
}
