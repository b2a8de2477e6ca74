// Command rundock is the Ansible module of the same name: a container as a
// supervised service of a plain Docker host, announced in DNS.
//
// It computes the service directory (package supervisor), makes the host's
// folder equal to it (fstree), tells runit exactly what changed, and has
// rundockd do what needs Docker or the network: this program links neither.
// A call that changes nothing executes nothing.
//
// Its files stand in floors; a file knows only those of its own and of lower ones:
//
//	main.go services.go run.go                a call, for one service or several
//	install.go remove.go rollback.go          the states that a service can be asked to be in
//	act.go stop.go evict.go wait.go           what is done to its processes
//	result.go diff.go                         what the call says of it
//	look.go task.go circle.go                 one call for one service; how the service stands
//	plan.go deeds.go situation.go             decisions and facts, pure
//	wanted.go service.go check.go params.go   what is asked for
//
// README.md beside this file says what users may rely on.
package main

import (
	"syscall"
	"time"

	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
)

func main() {
	// Folders are for all to read whatever umask the caller has: the action
	// plugin's is 077, for its own files.
	syscall.Umask(0o022)
	h := host{
		config:  hostconfig.Path,
		program: hostconfig.Program,
		run:     control.Dir,
		state:   hostconfig.StateDir,
		slack:   40 * time.Second,
	}
	ansible.Main(parameters, h.call)
}

// call does what the parameters ask.
func (h host) call(c ansible.Call) ansible.Result {
	list, many, err := read(c)
	if err != nil {
		return ansible.Result{Err: err}
	}
	if many {
		return h.callEach(list, c.Check, c.Diff)
	}
	t, err := h.task(list[0], c.Check)
	if err != nil {
		return ansible.Result{Err: err}
	}
	defer t.session.Close()
	return t.run()
}
