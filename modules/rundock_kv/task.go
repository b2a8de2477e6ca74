package main

import (
	"fmt"
	"strings"

	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/internal/module"
)

// task is one call, and what it has done so far.
type task struct {
	p       params
	path    string
	check   bool
	store   string
	session *control.Session

	before  control.Key
	diff    []fstree.Diff
	actions []string
}

// newTask checks the values, and reads the host's configuration.
func newTask(c ansible.Call) (*task, error) {
	t := &task{check: c.Check, session: &control.Session{Program: hostconfig.Program}}
	if err := c.Decode(&t.p); err != nil {
		return nil, err
	}
	var err error
	if t.path, err = t.p.path(); err != nil {
		return nil, err
	}
	found, err := module.ReadHost(hostconfig.Path)
	if err == nil {
		err = found.Missing
	}
	if err != nil {
		return nil, err
	}
	if t.store = t.p.Store; t.store == "" {
		t.store = found.Config.OwnStore()
	}
	if t.store == "" {
		return nil, fmt.Errorf("%s: neither etcd.endpoints nor consul.address: there is no store", hostconfig.Path)
	}
	return t, module.CheckProgram(hostconfig.Program)
}

// attempts is how often a write is tried that others were faster than.
const attempts = 5

// run writes the key where that has to be. Where somebody was faster it looks
// again.
func (t *task) run() error {
	keys := module.Keys{Session: t.session, Store: t.store}
	for range attempts {
		now, err := keys.Read(t.path)
		if err != nil {
			return err
		}
		t.before = now
		differs, err := t.p.decide(now)
		if err != nil || !differs {
			return err
		}
		done := t.check
		if !done {
			if done, err = keys.Write(t.path, now, t.p.wanted()); err != nil {
				return err
			}
		}
		if done {
			t.note()
			return nil
		}
	}
	return fmt.Errorf("key %s is changed by somebody else all the time", t.p.Key)
}

// note adds to the result what changes.
func (t *task) note() {
	value := t.p.wanted()
	did := "key written"
	switch {
	case value == nil:
		did = "key removed"
	case t.before.Exists:
		did = "key updated"
	}
	t.actions = []string{did}
	change := fstree.Change{Path: strings.TrimPrefix(t.path, "/")}
	if t.before.Exists {
		change.Before = &fstree.File{Data: lines(t.before.Value), Secret: t.p.Secret}
	}
	if value != nil {
		change.After = &fstree.File{Data: lines(value), Secret: t.p.Secret}
	}
	t.diff = fstree.Changes{Dir: t.store + ":", List: []fstree.Change{change}}.Diff()
}

// lines is a value as diffs show it: they want a line's end.
func lines(value []byte) []byte {
	if len(value) > 0 && value[len(value)-1] != '\n' {
		return append(append([]byte{}, value...), '\n')
	}
	return value
}

// result is what the task did.
func (t *task) result(err error) ansible.Result {
	told := map[string]any{"name": strings.TrimPrefix(t.path, "/"), "store": t.store}
	if t.before.Exists && !t.p.Secret {
		told["before"] = string(t.before.Value)
	}
	msg := module.Choose(len(t.actions) > 0, strings.Join(t.actions, ", "), "nothing to do")
	return ansible.Result{
		Changed: len(t.actions) > 0, Err: err, Diff: t.diff, Msg: t.p.Key + ": " + msg,
		Values: map[string]any{"actions": append([]string{}, t.actions...), "key": told},
	}
}
