package task

import (
	"path/filepath"

	"rundock/internal/fstree"
	"rundock/modules/rundock/plan"
	"rundock/supervisor"
)

// maskedDiff is the diff of changes, with service.json less the values of environment
// variables.
func maskedDiff(changes fstree.Changes) []fstree.Diff {
	list := changes.Diff()
	for _, c := range changes.List {
		if filepath.Base(c.Path) != "service.json" {
			continue
		}
		data := func(f *fstree.File) []byte {
			if f == nil {
				return nil
			}
			return f.Data
		}
		before, after, ok := supervisor.Shown(data(c.Before), data(c.After))
		name := filepath.Join(changes.Dir, c.Path)
		for i := range list {
			if d := &list[i]; ok && (d.BeforeHeader == name || d.AfterHeader == name) {
				d.Before, d.After = before, after
			}
		}
	}
	return list
}

// contentsDiff tells that files hold something else, and not what: there may
// be secrets in them.
func contentsDiff(files []string) []fstree.Diff {
	var list []fstree.Diff
	for _, f := range files {
		list = append(list, fstree.Diff{BeforeHeader: f, AfterHeader: f, Before: "(what the container was made from)\n", After: "(something else)\n"})
	}
	return list
}

// linkDiff is the diff of the link that enables the service, none where it is as
// it was.
func (t *Task) linkDiff(now plan.Situation) []fstree.Diff {
	enabled := now.Enabled
	if t.Check {
		enabled = (now.Enabled || t.links) && !t.unlinks
	}
	return t.service.Unit.LinkDiff(t.wasEnabled, enabled)
}
