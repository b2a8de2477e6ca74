// Command rundock is the Ansible module of the same name: a container as a
// supervised service of a plain Docker host, announced in DNS.
//
// It computes the service directory (package supervisor), makes the host's
// folder equal to it (fstree), tells runit exactly what changed, and has
// rundockd do what needs Docker or the network: this program links neither.
// A call that changes nothing executes nothing.
//
// README.md beside this file says what users may rely on.
package main

import (
	"syscall"
	"time"

	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/supervisor"
)

func main() {
	// Folders are for all to read whatever umask the caller has: the action
	// plugin's is 077, for its own files.
	syscall.Umask(0o022)
	h := host{
		config:  hostconfig.Path,
		program: control.Program,
		run:     control.Dir,
		state:   supervisor.StateDir,
		slack:   40 * time.Second,
	}
	ansible.Main(parameters, h.call)
}

// host is where things are on the host that the module runs on.
type host struct {
	config  string        // host.json
	program string        // rundockd
	run     string        // status files
	state   string        // what rundockd keeps over boots
	slack   time.Duration // for a stop beyond what the service itself asks for, before it is killed
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
