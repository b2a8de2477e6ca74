// Command rundock_template is the Ansible module of the same name: a file of
// this host that is kept as a template and the store say.
//
// It has rundockd try what the definition makes of the file, writes the
// definition, /etc/rundock/templates/NAME.json, and the runit service of the
// host's renderer, `rundockd render`, which does the rest: this program never
// touches the file itself. A call that changes nothing executes nothing.
//
// README.md beside this file says what users may rely on.
package main

import (
	"syscall"

	"rundock/internal/ansible"
)

func main() {
	// Folders are for all to read whatever umask the caller has.
	syscall.Umask(0o022)
	ansible.Main(parameters, call)
}

// call does what the parameters ask.
func call(c ansible.Call) ansible.Result {
	t, err := newTask(c)
	if err != nil {
		return ansible.Result{Err: err}
	}
	unlock, err := t.lock()
	if err != nil {
		return ansible.Result{Err: err}
	}
	defer unlock()
	if t.p.State == "absent" {
		err = t.absent()
	} else {
		err = t.present()
	}
	return t.result(err)
}
