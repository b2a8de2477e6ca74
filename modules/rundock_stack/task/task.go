// Package task is a call of rundock_stack: rundockd is asked, and its answer is the result.
package task

import (
	"errors"
	"fmt"
	"strings"

	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/modules/rundock_stack/params"
)

// Do does what the parameters ask.
func Do(c ansible.Call) ansible.Result {
	var p params.Params
	if err := c.Decode(&p); err != nil {
		return ansible.Result{Err: err}
	}
	q, err := p.Request(c.Check)
	if err != nil {
		return ansible.Result{Err: err}
	}
	var a control.StackAnswer
	if err := module.Ask(q, &a, &a.Version, "stack", "ctl"); err != nil {
		return ansible.Result{Err: err}
	}
	return result(q, a)
}

// result is what an answer says of the task.
func result(q control.StackRequest, a control.StackAnswer) ansible.Result {
	r := ansible.Result{Changed: a.Changed || len(a.Pulled)+len(a.Built) > 0, Values: map[string]any{
		"wants": list(a.Wants), "key_from": a.KeyFrom, "lines": list(a.Lines), "notes": list(a.Notes), "plan": a.Plan, "release": a.Release, "from": a.From,
		"settle": string(a.Settle), "waves": waves(a.Waves), "secret": a.Secret, "pulled": list(a.Pulled), "error": a.Error,
		"contexts": append([]control.StackContext{}, a.Contexts...), "builds": append([]control.StackBuild{}, a.Builds...), "built": list(a.Built),
	}}
	if a.Secrets != nil {
		r.Values["secrets"] = a.Secrets
	}
	switch {
	case a.Error != "":
		r.Err = errors.New(a.Error)
	case a.KeyFrom != "":
		r.Msg = "the key of stacks' secrets is needed here, which " + a.KeyFrom + " has"
	case len(a.Lines) > 0:
		r.Msg = a.Lines[0]
	case len(a.Built) > 0:
		r.Msg = "built " + strings.Join(a.Built, ", ")
	case len(a.Pulled) > 0:
		r.Msg = "pulled " + strings.Join(a.Pulled, ", ")
	default:
		r.Msg = "nothing to do"
	}
	if a.Before != a.After {
		r.Diff = []fstree.Diff{{BeforeHeader: header(q.Name, a.From), AfterHeader: header(q.Name, a.Release), Before: a.Before, After: a.After}}
	}
	return r
}

func header(name string, release int) string {
	if release == 0 {
		return name
	}
	return fmt.Sprintf("%s, release %d", name, release)
}

// list is all, never nil, which is null in JSON.
func list(all []string) []string { return append([]string{}, all...) }

func waves(all []control.StackWork) []control.StackWork { return append([]control.StackWork{}, all...) }
