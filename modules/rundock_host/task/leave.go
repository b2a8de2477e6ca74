package task

import (
	"rundock/internal/ansible"
	"rundock/internal/hosts"
	"rundock/internal/module"
	"rundock/modules/rundock_host/params"
)

// leave takes away what makes the machine a rundock host.
func leave(p params.Params, check bool) ansible.Result {
	remains, err := hosts.LookRemains()
	if err != nil {
		return ansible.Result{Err: err}
	}
	plan, err := hosts.PlanLeave(remains, p.Force)
	if err != nil {
		return ansible.Result{Err: err}
	}
	said := plan.Says()
	if !check {
		said, err = hosts.ApplyLeave(plan)
	}
	return ansible.Result{
		Changed: len(said) > 0, Msg: module.Summary(said), Err: err,
		Values: map[string]any{"actions": append([]string{}, said...), "stays": remains.Stays()},
	}
}
