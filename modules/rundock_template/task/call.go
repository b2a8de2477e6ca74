package task

import (
	"rundock/internal/ansible"
	"rundock/internal/module"
)

// Do does what the parameters ask.
func Do(c ansible.Call) ansible.Result {
	t, err := newTask(c)
	if err != nil {
		return ansible.Result{Err: err}
	}
	act := t.present
	if t.p.State == "absent" {
		act = t.absent
	}
	return module.Locked(t.lock, act, t.result)
}
