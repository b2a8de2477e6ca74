// Package task is one call of rundock_template: it has package look find out how the template
// stands and package plan decide, and does it. What takes the store rundockd does.
package task

import (
	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/module"
	"rundock/modules/rundock_template/look"
	"rundock/modules/rundock_template/params"
	"rundock/modules/rundock_template/plan"
	"rundock/supervisor"
	"rundock/supervisor/renderdir"
)

// task is one call.
type task struct {
	module.Call
	p          params.Params
	definition supervisor.Template // as asked for; but for the name unchecked with state=absent
	noConfig   error               // why there is no host.json
	unit       module.Unit         // rundock-render
	told       plan.Facts
}

// newTask checks the values, and reads the host's configuration.
func newTask(c ansible.Call) (*task, error) {
	t := &task{Call: module.Call{Check: c.Check}}
	if err := c.Decode(&t.p); err != nil {
		return nil, err
	}
	var err error
	if t.definition, err = t.p.Definition(); err != nil {
		return nil, err
	}
	found, err := module.ReadHost(hostconfig.Path)
	if err != nil {
		return nil, err
	}
	t.noConfig, t.unit = found.Missing, found.Unit(renderdir.Name)
	return t, nil
}

// lock keeps other calls waiting until unlock, also those for other templates,
// as they have one renderer.
func (t *task) lock() (unlock func(), err error) {
	return t.Lock(control.LockFile(control.Dir, renderdir.Name), "the host's templates", t.p.Patience())
}

// result is what the task did, and how the template stands after it.
func (t *task) result(err error) ansible.Result {
	return t.Result(err, t.p.Name, "template", t.told)
}

// look finds out how the template stands.
func (t *task) look() (plan.Situation, error) { return look.Template(&t.unit, t.definition) }

func (t *task) file() string { return plan.DefinitionFile(t.p.Name) }
