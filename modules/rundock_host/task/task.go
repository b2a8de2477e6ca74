// Package task is one call of rundock_host: it has package hosts look, plan and act, and rundockd
// drain.
package task

import (
	"strings"
	"time"

	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/internal/hosts"
	"rundock/internal/module"
	"rundock/modules/rundock_host/params"
)

// patience is how long a call waits for another one on the same host, which may
// be installing packages.
const patience = 10 * time.Minute

// Do does what the parameters ask.
func Do(c ansible.Call) ansible.Result {
	var p params.Params
	if err := c.Decode(&p); err != nil {
		return ansible.Result{Err: err}
	}
	want, err := p.Wanted()
	if err == nil && (p.State == "drained" || p.State == "gone") {
		err = p.Alone()
	}
	if err != nil {
		return ansible.Result{Err: err}
	}
	unlock, err := (&module.Call{Check: c.Check}).Lock(control.LockFile(control.Dir, "the-host"), "the host", patience)
	if err != nil {
		return ansible.Result{Err: err}
	}
	defer unlock()
	switch p.State {
	case "drained":
		return drain(p, c.Check)
	case "gone":
		return leave(p, c.Check)
	}
	have, err := hosts.Look(want)
	if err != nil {
		return ansible.Result{Err: err}
	}
	plan, err := hosts.MakePlan(have, want)
	if err != nil {
		return ansible.Result{Err: err}
	}
	if lacks := plan.Lacks(want); len(lacks) > 0 && !c.Check {
		return ansible.Result{Msg: "programs are to be sent: " + strings.Join(lacks, " "), Values: map[string]any{"lacks": lacks}}
	}
	said := plan.Says()
	if !c.Check {
		said, err = hosts.Apply(have, want, plan)
	}
	r := result(plan, have, said, err)
	if r.Err == nil && p.State == "ready" {
		undrain(&r, c.Check)
	}
	if r.Err == nil {
		r.Err = tell(p, r.Values)
	}
	return r
}
