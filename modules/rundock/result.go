package main

import (
	"errors"
	"slices"
	"strings"

	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/supervisor"
)

// noteDeed notes a deed that was seen.
func (t *task) noteDeed(word string) { t.deeds = append(t.deeds, deed{word: word}) }

// resultWords are the words of the deeds that are to be done, in check mode, or that
// are seen to have been done. unseen are the words of the others.
func (t *task) resultWords(after situation) (words, unseen []string) {
	for _, d := range t.deeds {
		switch {
		case slices.Contains(words, d.word):
		case t.check || d.seen == nil || d.seen(after):
			words = append(words, d.word)
		default:
			unseen = append(unseen, d.word)
		}
	}
	return words, unseen
}

// unproven is the message of a call that has done all that it could and does not see
// the effect.
func unproven(name string, unseen []string) string {
	return "it was asked for, but is not so yet: " + strings.Join(unseen, ", ") + "; rundockd explain " + name + " tells what its processes are at"
}

// result says what the task did, as it is seen now, and how the service stands. A call
// that does not see the effect of what it did fails; one that was told not to wait
// says that it may yet come.
func (t *task) result(err error) ansible.Result {
	now, lookErr := t.look()
	words, unseen := t.resultWords(now)
	switch {
	case err != nil:
	case lookErr != nil:
		err = lookErr
	case len(unseen) > 0 && t.p.Wait == "none":
		t.warn("%s", unproven(t.p.Name, unseen))
	case len(unseen) > 0:
		err = errors.New(unproven(t.p.Name, unseen))
	}
	r := ansible.Result{
		Changed:  t.restart || len(words) > 0,
		Err:      err,
		Diff:     slices.Concat(t.diff, contentsDiff(t.reread), t.linkDiff(now)),
		Warnings: append(t.warnings, t.prepared...),
		Msg:      t.p.Name + ": " + module.Choose(len(words) > 0, strings.Join(words, ", "), "nothing to do"+t.otherServices(now)),
		Values:   map[string]any{"actions": append([]string{}, words...)},
	}
	if lookErr == nil {
		r.Values["service"] = t.facts(now)
	}
	return r
}

// facts are what the result tells of the service.
func (t *task) facts(now situation) map[string]any {
	f := map[string]any{
		"name":       t.p.Name,
		"installed":  now.Installed,
		"enabled":    now.Enabled,
		"supervised": now.Outer.Supervised,
		"running":    false,
		"announced":  false,
		"directory":  t.unit.Dir,
		"records":    []control.Record{},
	}
	if now.statusIsCurrent() {
		f["running"] = now.Says.Phase == control.Running
		f["phase"] = now.Says.Phase
		f["container"], f["image"], f["spec"] = now.Says.Container, now.Says.Image, now.Says.Spec
		if now.Says.Error != "" {
			f["error"] = now.Says.Error
		}
	}
	if now.announceStatusIsCurrent() {
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
func (t *task) noteFiles(now situation, changes fstree.Changes) {
	t.diff = maskedDiff(changes)
	if changes.Changed() {
		t.noteDeed(module.Choose(now.Installed, "files updated", "installed"))
	}
}

// notePlan notes what p does.
func (t *task) notePlan(now situation, w wanted, p plan) {
	t.restart = t.restart || p.Replace
	if p.Replace {
		t.reread = supervisor.Changed(w.service.Container.Files(), now.Says.Contents, w.contents)
	}
	t.deeds = append(t.deeds, p.deeds(now, w, t.p.Wait != "none")...)
	t.links = p.Enable
}
