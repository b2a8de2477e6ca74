// Command rundock_host is the Ansible module of the same name: what a Debian
// machine needs to be a rundock host. site.yml of the playbooks calls it.
//
// It looks at files alone, so a call that changes nothing executes nothing, and
// the host needs no Python. Programs are sent by the action plugin, once.
//
//	params   what a call takes
//	task     ready, drained or gone, by internal/hosts and rundockd
//
// README.md beside this file says what users may rely on; internal/hosts plans
// and acts.
package main

import (
	"syscall"

	"rundock/internal/ansible"
	"rundock/modules/rundock_host/params"
	"rundock/modules/rundock_host/task"
)

func main() {
	// Folders are for all to read whatever umask the caller has.
	syscall.Umask(0o022)
	ansible.Main(params.Spec, task.Do)
}
