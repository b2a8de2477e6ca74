// Package task is one call of rundock_kv: it has rundockd read a key and write it by compare and
// set, as package plan decides.
package task

import (
	"strings"

	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/module"
	"rundock/modules/rundock_kv/params"
	"rundock/modules/rundock_kv/plan"
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
	p       params.Params
	path    string
	store   string
	session *control.Session
	before  control.Key
}

// newTask checks the values, and reads the host's configuration.
func newTask(c ansible.Call) (*task, error) {
	t := &task{Call: module.Call{Check: c.Check}, session: &control.Session{Program: hostconfig.Program}}
	if err := c.Decode(&t.p); err != nil {
		return nil, err
	}
	var err error
	if t.path, err = t.p.Path(); err != nil {
		return nil, err
	}
	found, err := module.ReadPreparedHost(hostconfig.Path)
	if err != nil {
		return nil, err
	}
	if t.store = t.p.Store; t.store == "" {
		stores, err := found.Stores()
		if err != nil {
			return nil, err
		}
		t.store = stores[0]
	}
	return t, module.CheckProgram(hostconfig.Program)
}

// run writes the key where that has to be. Where somebody was faster it looks
// again.
func (t *task) run() error {
	keys := module.Keys{Session: t.session, Store: t.store}
	c := module.KeyChange{
		Key: t.path, Name: "key " + t.p.Key, Value: t.p.Wanted(),
		Differs: func(now control.Key) (bool, error) { return plan.Decide(t.p, now) },
	}
	var err error
	if t.before, err = keys.Read(c.Key); err != nil {
		return err
	}
	changes, err := c.Differs(t.before)
	if changes && !t.Check {
		t.before, changes, err = keys.Settle(c, t.before)
	}
	if err == nil && changes {
		t.Actions = []string{plan.Action(t.before, c.Value)}
		t.Diff = plan.Diff(t.p, t.store, t.path, t.before)
	}
	return err
}

// result is what the task did.
func (t *task) result(err error) ansible.Result {
	told := map[string]any{"name": strings.TrimPrefix(t.path, "/"), "store": t.store}
	if t.before.Exists && !t.p.Secret {
		told["before"] = string(t.before.Value)
	}
	return t.Result(err, t.p.Key, "key", told)
}
