// Command rundock_kv is the Ansible module of the same name: a key of the store,
// such as those that templates read.
//
// What to do is decided (decide.go) from what `rundockd ctl` reads, and written
// by compare and set.
//
// README.md beside this file says what users may rely on.
package main

import "rundock/internal/ansible"

func main() { ansible.Main(parameters, call) }

// call does what the parameters ask.
func call(c ansible.Call) ansible.Result {
	t, err := newTask(c)
	if err != nil {
		return ansible.Result{Err: err}
	}
	defer t.session.Close()
	return t.result(t.run())
}
