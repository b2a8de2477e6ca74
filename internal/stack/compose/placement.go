package compose

import (
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"rundock/internal/stack"
)

// placement is on which hosts there are how many instances, and how they are
// replaced.
func (v *servicing) placement() {
	v.hints()
	v.count()
	v.alone()
	d := v.c.Deploy
	if d == nil {
		return
	}
	v.rules(d.Placement)
	switch d.EndpointMode {
	case "", "dnsrr":
	case "vip":
		v.note("deploy.endpoint_mode", "vip is taken for dnsrr: a name answers with the addresses of the instances")
	default:
		v.fail("deploy.endpoint_mode", "%s; allowed: vip, dnsrr", d.EndpointMode)
	}
	v.s.Update = v.update("deploy.update_config", d.UpdateConfig)
	v.s.Rollback = v.update("deploy.rollback_config", d.RollbackConfig)
}

// hints are the rules of classic Swarm, from the environment and from labels.
func (v *servicing) hints() {
	var h hints
	if err := h.fromEnvironment(v.c.Extensions[hintsKey]); err != nil {
		v.fail("environment", "%v", err)
	}
	if err := h.fromLabels(v.c.Labels); err != nil {
		v.fail("labels", "%v", err)
	}
	if d := v.c.Deploy; d != nil {
		if err := h.fromLabels(d.Labels); err != nil {
			v.fail("deploy.labels", "%v", err)
		}
	}
	v.s.Constraints = append(v.s.Constraints, h.constraints...)
	v.s.Affinities, v.s.Reschedule = h.affinities, h.reschedule
}

// count is how many instances there are.
func (v *servicing) count() {
	d := v.c.Deploy
	mode := ""
	if d != nil {
		mode = d.Mode
	}
	asked, scaled := v.in.Scale[v.name]
	switch mode {
	case "global", "global-job":
		v.s.Global = true
		switch {
		case scaled:
			v.fail("deploy.mode", "%s has an instance on each host, so that scale cannot say how many", mode)
		case d.Replicas != nil:
			v.fail("deploy.replicas", "%d: with mode %s there is one instance on each host", *d.Replicas, mode)
		case v.c.Scale != nil:
			v.fail("scale", "%d: with mode %s there is one instance on each host", *v.c.Scale, mode)
		}
		return
	case "", "replicated", "replicated-job":
	default:
		v.fail("deploy.mode", "%s; allowed: replicated, global, replicated-job, global-job", mode)
	}
	v.s.Replicas = v.c.GetScale()
	if scaled {
		v.s.Replicas = asked
	}
	if v.s.Replicas < 0 {
		v.fail("scale", "%d instances", v.s.Replicas)
	}
}

// alone holds that what one instance can have is of a service with one.
func (v *servicing) alone() {
	if !v.s.Global && v.s.Replicas < 2 {
		return
	}
	for _, key := range sortedKeys(v.s.Networks) {
		for name, address := range map[string]string{"ipv4_address": v.s.Networks[key].IPv4, "mac_address": v.s.Networks[key].MAC} {
			if address != "" {
				v.fail("networks."+key+"."+name, "%s: several instances cannot have one address", address)
			}
		}
	}
}

// rules are those of deploy.placement.
func (v *servicing) rules(p types.Placement) {
	for _, expression := range p.Constraints {
		r, err := parseSwarm(expression)
		if err != nil {
			v.fail("deploy.placement.constraints", "%s: %v", expression, err)
			continue
		}
		v.s.Constraints = append(v.s.Constraints, r)
	}
	for _, preference := range p.Preferences {
		key, err := swarmConstraintKey(strings.TrimSpace(preference.Spread))
		if err != nil {
			v.fail("deploy.placement.preferences", "spread %s: %v", preference.Spread, err)
			continue
		}
		v.s.Preferences = append(v.s.Preferences, key)
	}
	v.s.MaxPerHost = int(p.MaxReplicas)
}

// update is how instances are replaced.
func (v *servicing) update(key string, c *types.UpdateConfig) stack.Update {
	var u stack.Update
	if c == nil {
		return u
	}
	if n := c.Parallelism; n != nil && *n == 0 {
		u.Parallelism = -1
	} else if n != nil && *n > 1 {
		u.Parallelism = int(*n)
	}
	if c.Delay != 0 {
		u.Delay = time.Duration(c.Delay).String()
	}
	if d := time.Duration(c.Monitor); d != 0 && d != 5*time.Second {
		u.Monitor = d.String()
	}
	switch c.Order {
	case "", "start-first", "stop-first":
		u.Order = c.Order
	default:
		v.fail(key+".order", "%s; allowed: start-first, stop-first", c.Order)
	}
	switch c.FailureAction {
	case "", "rollback":
	case "pause", "continue":
		v.note(key+".failure_action", "%s is not done: %s", c.FailureAction, wholeStack)
	default:
		v.fail(key+".failure_action", "%s; allowed: rollback, pause, continue", c.FailureAction)
	}
	return u
}
