package plan

import (
	"strings"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/modules/rundock_kv/params"
)

// Action is in words what writing value, or removing the key for nil, is to the key.
func Action(before control.Key, value []byte) string {
	if value == nil {
		return "key removed"
	}
	return module.Choose(before.Exists, "key updated", "key written")
}

// Diff is how the key, which is at path in store, changes.
func Diff(p params.Params, store, path string, before control.Key) []fstree.Diff {
	change := fstree.Change{Path: strings.TrimPrefix(path, "/")}
	if before.Exists {
		change.Before = &fstree.File{Data: lines(before.Value), Secret: p.Secret}
	}
	if value := p.Wanted(); value != nil {
		change.After = &fstree.File{Data: lines(value), Secret: p.Secret}
	}
	return fstree.Changes{Dir: store + ":", List: []fstree.Change{change}}.Diff()
}

// lines is a value as diffs show it: they want a line's end.
func lines(value []byte) []byte {
	if len(value) > 0 && value[len(value)-1] != '\n' {
		return append(append([]byte{}, value...), '\n')
	}
	return value
}
