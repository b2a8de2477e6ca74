// Command rundock_overlay is the Ansible module of the same name: this host's
// part of an overlay network, which joins the containers of all its hosts.
//
// It looks whether the kernel and what else is on the host allow the network
// (package overlay), writes what the network is, /etc/rundock/overlay/NAME.json,
// and the runit service of its agent, `rundockd overlay run`, which does the
// rest: this program changes nothing of the network itself. A call that
// changes nothing executes nothing.
//
//	params   what a call takes
//	plan     what is to be done, from how the network stands; pure
//	look     how the network stands, and whether the host has room for it
//	task     doing it, waiting for the agent
//
// README.md beside this file says what users may rely on.
package main

import (
	"syscall"

	"rundock/internal/ansible"
	"rundock/modules/rundock_overlay/params"
	"rundock/modules/rundock_overlay/task"
)

func main() {
	// Folders are for all to read whatever umask the caller has.
	syscall.Umask(0o022)
	ansible.Main(params.Spec, task.Do)
}
