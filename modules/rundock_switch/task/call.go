// Package task is one call of the module: it has `rundockd switch` do what is asked for,
// and says what became of it.
package task

import (
	"rundock/internal/ansible"
	"rundock/modules/rundock_switch/params"
)

// Do does what the parameters ask.
func Do(c ansible.Call) ansible.Result {
	var p params.Params
	if err := c.Decode(&p); err != nil {
		return ansible.Result{Err: err}
	}
	if err := p.Check(); err != nil {
		return ansible.Result{Err: err}
	}
	o, progress, err := ask(p.Args(c.Check))
	if err != nil {
		return ansible.Result{Err: err}
	}
	r := result(o, c.Check)
	r.Values["progress"] = progress
	return r
}
