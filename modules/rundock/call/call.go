// Package call is a call of the module: the tasks of the services that it asks for, in
// which order and how many at a time they run, and one result of all.
package call

import (
	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/modules/rundock/params"
	"rundock/modules/rundock/task"
)

// Do does what the parameters of c ask, on host h.
func Do(h task.Host, c ansible.Call) ansible.Result {
	list, many, err := params.Read(c)
	if err != nil {
		return ansible.Result{Err: err}
	}
	if many {
		return each(h, list, c.Check, c.Diff)
	}
	session := &control.Session{Program: h.Program}
	defer session.Close()
	t, err := task.New(h, list[0], c.Check, session)
	if err != nil {
		return ansible.Result{Err: err}
	}
	return t.Run()
}
