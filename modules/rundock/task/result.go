package task

import (
	"errors"
	"slices"
	"strings"

	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/modules/rundock/plan"
	"rundock/supervisor"
)

// noteDeed notes a deed that was seen.
func (t *Task) noteDeed(word string) { t.deeds = append(t.deeds, plan.Deed{Word: word}) }

// unproven is the message of a call that has done all that it could and does not see
// the effect.
func unproven(name string, unseen []string) string {
	return "it was asked for, but is not so yet: " + strings.Join(unseen, ", ") + "; rundockd explain " + name + " tells what its processes are at"
}

// result says what the task did, as it is seen now, and how the service stands. A call
// that does not see the effect of what it did fails; one that was told not to wait
// says that it may yet come.
func (t *Task) result(err error) ansible.Result {
	now, lookErr := t.service.Look()
	words, unseen := plan.Words(t.deeds, now, t.Check)
	switch {
	case err != nil:
	case lookErr != nil:
		err = lookErr
	case len(unseen) > 0 && t.Params.Wait == "none":
		t.Warn("%s", unproven(t.Params.Name, unseen))
	case len(unseen) > 0:
		err = errors.New(unproven(t.Params.Name, unseen))
	}
	r := ansible.Result{
		Changed:  t.restart || len(words) > 0,
		Err:      err,
		Diff:     slices.Concat(t.Diff, contentsDiff(t.reread), t.linkDiff(now)),
		Warnings: append(t.Warnings, t.prepared...),
		Msg:      t.Params.Name + ": " + module.Summary(words) + module.Choose(len(words) > 0, "", t.otherServices(now)),
		Values:   map[string]any{"actions": append([]string{}, words...)},
	}
	if lookErr == nil {
		r.Values["service"] = t.facts(now)
	}
	return r
}

// facts are what the result tells of the service.
func (t *Task) facts(now plan.Situation) map[string]any {
	f := map[string]any{
		"name":       t.Params.Name,
		"installed":  now.Installed,
		"enabled":    now.Enabled,
		"supervised": now.Outer.Supervised,
		"running":    false,
		"announced":  false,
		"directory":  t.service.Unit.Dir,
		"records":    []control.Record{},
	}
	if now.StatusIsCurrent() {
		f["running"] = now.Says.Phase == control.Running
		f["phase"] = now.Says.Phase
		f["container"], f["image"], f["spec"] = now.Says.Container, now.Says.Image, now.Says.Spec
		if now.Says.Error != "" {
			f["error"] = now.Says.Error
		}
	}
	if now.AnnounceStatusIsCurrent() {
		f["announced"] = now.Announces.State == control.Announced
		if now.Announces.Reason != "" {
			f["reason"] = now.Announces.Reason
		}
		if now.Announces.Records != nil {
			f["records"] = now.Announces.Records
		}
	}
	return f
}

// noteFiles notes the files that were written, or are to be.
func (t *Task) noteFiles(now plan.Situation, changes fstree.Changes) {
	t.Diff = maskedDiff(changes)
	if changes.Changed() {
		t.noteDeed(module.Choose(now.Installed, "files updated", "installed"))
	}
}

// notePlan notes what p does.
func (t *Task) notePlan(now plan.Situation, w plan.Wanted, p plan.Plan) {
	t.restart = t.restart || p.Replace
	if p.Replace {
		t.reread = supervisor.Changed(w.Service.Container.Files(), now.Says.Contents, w.Contents)
	}
	t.deeds = append(t.deeds, p.Deeds(now, w, t.Params.Wait != "none")...)
	t.links = p.Enable
}
