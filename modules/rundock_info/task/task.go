// Package task is one call of rundock_info: it has rundockd tell the facts of the host.
package task

import (
	"encoding/json"
	"fmt"

	"rundock/internal/ansible"
	"rundock/internal/module"
	"rundock/modules/rundock_info/params"
)

// notAll is the exit code of `rundockd facts` where not all could be found out, which the
// facts say.
const notAll = 1

// Do does what the parameters ask.
func Do(c ansible.Call) ansible.Result {
	var p params.Params
	if err := c.Decode(&p); err != nil {
		return ansible.Result{Err: err}
	}
	facts, unknown, err := ask(p.Parts)
	if err != nil {
		return ansible.Result{Err: err}
	}
	r := ansible.Result{Values: map[string]any{"facts": facts}}
	for _, u := range unknown {
		r.Warnings = append(r.Warnings, "not found out: "+u)
	}
	return r
}

// ask has rundockd tell the facts, and what of them it could not find out.
func ask(parts []string) (facts json.RawMessage, unknown []string, err error) {
	o, err := module.Rundockd(nil, append([]string{"facts", "--json"}, parts...)...)
	if err != nil {
		return nil, nil, err
	}
	if o.Code != notAll || len(o.Stdout) == 0 {
		if err := o.Err(); err != nil {
			return nil, nil, fmt.Errorf("%w: install the same release on host and controller (playbooks/site.yml)", err)
		}
	}
	var head struct {
		Version int      `json:"version"`
		Unknown []string `json:"unknown"`
	}
	if err := o.Answer(&head, &head.Version); err != nil {
		return nil, nil, err
	}
	return o.Stdout, head.Unknown, nil
}
