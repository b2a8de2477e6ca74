// Command rundock_overlay is the Ansible module of the same name: this host's
// part of an overlay network, which joins the containers of all its hosts.
//
// It looks whether the kernel and what else is on the host allow the network
// (package overlay), writes what the network is, /etc/rundock/overlay/NAME.json,
// and the runit service of its agent, `rundockd overlay run`, which does the
// rest: this program changes nothing of the network itself. A call that
// changes nothing executes nothing.
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
