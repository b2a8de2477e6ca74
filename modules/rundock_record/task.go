package main

import (
	"encoding/json"
	"errors"
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
	record  record
	check   bool
	stores  []string // each that the host has settings for, its own first
	session *control.Session

	diff     []fstree.Diff
	actions  []string
	warnings []string
}

// newTask checks the values, and reads the host's configuration.
func newTask(c ansible.Call) (*task, error) {
	var p params
	if err := c.Decode(&p); err != nil {
		return nil, err
	}
	found, err := module.ReadHost(hostconfig.Path)
	if err == nil {
		err = found.Missing
	}
	if err != nil {
		return nil, err
	}
	t := &task{check: c.Check, stores: found.Config.Stores(), session: &control.Session{Program: hostconfig.Program}}
	if t.record, err = p.record(found.Config.Zone()); err != nil {
		return nil, err
	}
	if len(t.stores) == 0 {
		return nil, fmt.Errorf("%s: neither etcd.endpoints nor consul.address: there is no store", hostconfig.Path)
	}
	return t, module.CheckProgram(hostconfig.Program)
}

// attempts is how often a write is tried that others were faster than.
const attempts = 5

// run has the record in each store. None is written to before all have been
// read, and the record judged.
func (t *task) run() error {
	now := make([]control.Key, len(t.stores))
	differs := make([]bool, len(t.stores))
	changes := false
	for i, store := range t.stores {
		var err error
		if now[i], err = t.keys(store).Read(t.record.Key); err != nil {
			return err
		}
		if differs[i], err = t.record.differs(now[i]); err != nil {
			return err
		}
		changes = changes || differs[i]
	}
	if changes && t.record.Value != nil {
		if err := t.judge(); err != nil {
			return err
		}
	}
	for i, store := range t.stores {
		if !differs[i] {
			continue
		}
		if !t.check {
			if err := t.write(store, now[i]); err != nil {
				return err
			}
		}
		t.note(store, now[i])
	}
	return nil
}

func (t *task) keys(store string) module.Keys { return module.Keys{Session: t.session, Store: store} }

// write gives a store the record, of which now was read before.
func (t *task) write(store string, now control.Key) error {
	keys := t.keys(store)
	for range attempts {
		done, err := keys.Write(t.record.Key, now, t.record.Value)
		if err != nil || done {
			return err
		}
		if now, err = keys.Read(t.record.Key); err != nil {
			return err
		}
		differs, err := t.record.differs(now)
		if err != nil || !differs {
			return err
		}
	}
	return fmt.Errorf("%s is changed by somebody else all the time", t.record.Key)
}

// note adds to the result what changes in a store.
func (t *task) note(store string, now control.Key) {
	did := "record written"
	switch {
	case t.record.Value == nil:
		did = "record removed"
	case now.Exists:
		did = "record updated"
	}
	header := t.record.Key
	if len(t.stores) > 1 {
		did, header = did+" in "+store, store+" "+header
	}
	before := []byte(nil)
	if now.Exists {
		before = now.Value
	}
	t.actions = append(t.actions, did)
	t.diff = append(t.diff, fstree.Diff{BeforeHeader: header, AfterHeader: header, Before: shown(before), After: shown(t.record.Value)})
}

// result is what the task did.
func (t *task) result(err error) ansible.Result {
	msg := module.Choose(len(t.actions) > 0, strings.Join(t.actions, ", "), "nothing to do")
	told := map[string]any{"name": t.record.Name, "key": t.record.Key}
	if t.record.Value != nil {
		told["value"] = json.RawMessage(t.record.Value)
	}
	if err != nil && len(t.actions) > 0 {
		err = errors.Join(err, fmt.Errorf("done before: %s", msg))
	}
	return ansible.Result{
		Changed: len(t.actions) > 0, Err: err, Diff: t.diff, Warnings: t.warnings, Msg: t.record.Name + ": " + msg,
		Values: map[string]any{"actions": append([]string{}, t.actions...), "record": told},
	}
}
