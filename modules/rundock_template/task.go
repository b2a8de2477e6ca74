package main

import (
	"fmt"
	"strings"

	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/internal/module"
	"rundock/supervisor"
	"rundock/supervisor/renderdir"
)

// task is one call, and what it has done so far.
type task struct {
	p          params
	definition supervisor.Template // as asked for; but for the name unchecked with state=absent
	check      bool
	noConfig   error       // why there is no host.json
	unit       module.Unit // rundock-render

	diff     []fstree.Diff
	actions  []string
	warnings []string
	told     facts
}

// newTask checks the values, and reads the host's configuration.
func newTask(c ansible.Call) (*task, error) {
	t := &task{check: c.Check}
	if err := c.Decode(&t.p); err != nil {
		return nil, err
	}
	var err error
	if t.definition, err = t.p.definition(); err != nil {
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
// as they have one renderer. Check mode, which writes nothing, takes no lock.
func (t *task) lock() (unlock func(), err error) {
	if t.check {
		return func() {}, nil
	}
	return module.Lock(control.LockFile(control.Dir, renderdir.Name), "the host's templates", t.p.patience())
}

func (t *task) warn(format string, args ...any) {
	t.warnings = append(t.warnings, fmt.Sprintf(format, args...))
}

// result is what the task did, and how the template stands after it.
func (t *task) result(err error) ansible.Result {
	msg := "nothing to do"
	if len(t.actions) > 0 {
		msg = strings.Join(t.actions, ", ")
	}
	return ansible.Result{
		Changed:  len(t.actions) > 0,
		Err:      err,
		Diff:     t.diff,
		Warnings: t.warnings,
		Msg:      t.p.Name + ": " + msg,
		Values:   map[string]any{"actions": append([]string{}, t.actions...), "template": t.told},
	}
}

// facts are what the result tells of the template.
type facts struct {
	Name     string         `json:"name"`
	State    string         `json:"state"`
	Reason   string         `json:"reason,omitempty"`
	Dest     string         `json:"dest,omitempty"`
	Services map[string]int `json:"services,omitempty"`
	Keys     map[string]int `json:"keys,omitempty"`
}
