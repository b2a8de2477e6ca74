// Command rundock is the Ansible module of the same name: a container as a
// supervised service of a plain Docker host, announced in DNS.
//
// It computes the service directory (package supervisor), makes the host's
// folder equal to it (fstree), tells runit exactly what changed, and has
// rundockd do what needs Docker or the network: this program links neither.
// A call that changes nothing executes nothing.
//
// Its packages stand in layers; each knows those below it:
//
//	call          a call, for one service or several
//	task          one call for one service: the states that it can be asked to be in
//	supervision   what is done to the processes of a service
//	look          how a service stands on the host
//	plan          decisions and facts, pure
//	params        what is asked for; only task and call know it
//
// README.md beside this file says what users may rely on.
package main

import (
	"syscall"

	"rundock/internal/ansible"
	"rundock/modules/rundock/call"
	"rundock/modules/rundock/params"
	"rundock/modules/rundock/task"
)

func main() {
	// Folders are for all to read whatever umask the caller has: the action
	// plugin's is 077, for its own files.
	syscall.Umask(0o022)
	ansible.Main(params.Spec, func(c ansible.Call) ansible.Result { return call.Do(task.ThisHost(), c) })
}
