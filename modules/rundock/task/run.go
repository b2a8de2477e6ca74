package task

import (
	"rundock/internal/ansible"
	"rundock/internal/module"
)

// Run makes the service what it is to be.
func (t *Task) Run() ansible.Result {
	act := t.install
	switch t.Params.State {
	case "absent":
		act = t.absent
	case "disabled":
		act = t.disabled
	}
	return module.Locked(t.lock, act, t.result)
}
