package main

import "rundock/internal/ansible"

// run makes the service what it is to be.
func (t *task) run() ansible.Result {
	unlock, err := t.lock()
	if err != nil {
		return ansible.Result{Err: err}
	}
	defer unlock()
	switch t.p.State {
	case "absent":
		err = t.absent()
	case "disabled":
		err = t.disabled()
	default:
		err = t.install()
	}
	return t.result(err)
}
