// Package task is one call of rundock_record: it has rundockd read the record in each store, dnsd
// judge it, and rundockd write it by compare and set, as package plan decides.
package task

import (
	"encoding/json"
	"errors"
	"fmt"

	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/module"
	"rundock/modules/rundock_record/params"
	"rundock/modules/rundock_record/plan"
)

// Do does what the parameters ask.
func Do(c ansible.Call) ansible.Result {
	t, err := newTask(c)
	if err != nil {
		return ansible.Result{Err: err}
	}
	defer t.session.Close()
	return t.result(t.run())
}

// task is one call.
type task struct {
	module.Call
	record  params.Record
	stores  []string // each that the host has settings for, its own first
	session *control.Session
}

// newTask checks the values, and reads the host's configuration.
func newTask(c ansible.Call) (*task, error) {
	var p params.Params
	if err := c.Decode(&p); err != nil {
		return nil, err
	}
	found, err := module.ReadPreparedHost(hostconfig.Path)
	if err != nil {
		return nil, err
	}
	t := &task{Call: module.Call{Check: c.Check}, session: &control.Session{Program: hostconfig.Program}}
	if t.record, err = p.Record(found.Config.Zone()); err != nil {
		return nil, err
	}
	if t.stores, err = found.Stores(); err != nil {
		return nil, err
	}
	return t, module.CheckProgram(hostconfig.Program)
}

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
		if differs[i], err = plan.Differs(t.record, now[i]); err != nil {
			return err
		}
		changes = changes || differs[i]
	}
	if changes && t.record.Value != nil {
		warnings, err := judge(t.record)
		for _, w := range warnings {
			t.Warn("%s", w)
		}
		if err != nil {
			return err
		}
	}
	for i, store := range t.stores {
		if !differs[i] {
			continue
		}
		before, changed := now[i], true
		if !t.Check {
			var err error
			if before, changed, err = t.write(store, before); err != nil {
				return err
			}
		}
		if changed {
			t.note(store, before)
		}
	}
	return nil
}

func (t *task) keys(store string) module.Keys { return module.Keys{Session: t.session, Store: store} }

// write gives a store the record, of which now was read before. It returns what was
// there as it did, and whether this call has changed it: somebody else may have made it so.
func (t *task) write(store string, now control.Key) (before control.Key, changed bool, err error) {
	return t.keys(store).Settle(module.KeyChange{
		Key: t.record.Key, Name: t.record.Key, Value: t.record.Value,
		Differs: func(now control.Key) (bool, error) { return plan.Differs(t.record, now) },
	}, now)
}

// note adds to the result what changes in a store.
func (t *task) note(store string, now control.Key) {
	did, header := plan.Action(t.record, now), t.record.Key
	if len(t.stores) > 1 {
		did, header = did+" in "+store, store+" "+header
	}
	t.Actions = append(t.Actions, did)
	t.Diff = append(t.Diff, plan.Diff(t.record, header, now))
}

// result is what the task did.
func (t *task) result(err error) ansible.Result {
	told := map[string]any{"name": t.record.Name, "key": t.record.Key}
	if t.record.Value != nil {
		told["value"] = json.RawMessage(t.record.Value)
	}
	if err != nil && len(t.Actions) > 0 {
		err = errors.Join(err, fmt.Errorf("done before: %s", module.Summary(t.Actions)))
	}
	return t.Result(err, t.record.Name, "record", told)
}
