// Package task is one call of rundock_cert: it has rundockd keep certificates, and tells what that did.
package task

import (
	"errors"

	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/module"
	"rundock/modules/rundock_cert/params"
)

// Do does what the parameters ask. Calls on one host do it one after another.
func Do(c ansible.Call) ansible.Result {
	var p params.Params
	err := c.Decode(&p)
	if err == nil {
		err = module.CheckProgram(hostconfig.Program)
	}
	if err != nil {
		return ansible.Result{Err: err}
	}
	unlock, err := module.Lock(control.LockFile(control.Dir, "certificates"), "certificates", module.Patience)
	if err != nil {
		return ansible.Result{Err: err}
	}
	defer unlock()
	var r control.CertResponse
	err = module.Ask(p.Request(c.Check), &r, &r.Version, "cert", "ctl")
	if err == nil && r.Error != "" {
		err = errors.New(r.Error)
	}
	return result(r, err)
}

// result is what rundockd's answer says of the task.
func result(r control.CertResponse, err error) ansible.Result {
	if r.Requests == nil {
		r.Requests = map[string]string{}
	}
	if r.Issued == nil {
		r.Issued = map[string]map[string]string{}
	}
	return ansible.Result{
		Changed: len(r.Actions) > 0, Err: err, Diff: r.Diff, Warnings: r.Warnings, Msg: module.Summary(r.Actions),
		Values: map[string]any{
			"actions": append([]string{}, r.Actions...), "authority": r.Authority, "requests": r.Requests, "issued": r.Issued,
		},
	}
}
