// Command rundock_record is the Ansible module of the same name: a record in
// DNS that no sidecar announces, of a host outside, a mail exchanger, a text.
//
// What is asked for is a key of the store and its value (record.go); how it
// stands there and what to do is decided from what `rundockd ctl` reads, and
// `dnsd check` judges the record before it is written.
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
