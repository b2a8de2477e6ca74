package task

import (
	"fmt"
	"strings"

	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/module"
)

// result is what an outcome says of the task.
func result(o control.SwitchOutcome, check bool) ansible.Result {
	r := ansible.Result{Changed: o.Changed, Values: map[string]any{
		"active": o.Active, "from": o.From, "to": o.To, "attempt": o.Attempt, "back": o.Back,
		"plan": append([]string{}, o.Plan...), "load_balancers": append([]string{}, o.LoadBalancers...),
	}}
	switch {
	case o.Unknown != "":
		r.Err = fmt.Errorf("it is not known which colour has the traffic of %s: %s", o.Service, o.Unknown)
	case o.Refused != "":
		r.Err = fmt.Errorf("%s", o.Refused)
	case o.Back != "":
		r.Err = fmt.Errorf("%s has the traffic of %s as before: %s", o.Active, o.Service, o.Back)
	case !o.Changed:
		r.Msg = fmt.Sprintf("%s has the traffic of %s already", o.Active, o.Service)
	case check:
		r.Msg = "would " + strings.Join(o.Plan, ", ")
	default:
		r.Msg = fmt.Sprintf("%s has the traffic of %s", o.Active, o.Service)
	}
	if r.Err == nil && o.Changed {
		r.Diff = []fstree.Diff{{
			BeforeHeader: "active colour of " + o.Service, AfterHeader: "active colour of " + o.Service,
			Before: o.From + "\n", After: module.Choose(check, o.To, o.Active) + "\n",
		}}
	}
	return r
}
