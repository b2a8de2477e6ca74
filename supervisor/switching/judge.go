package switching

import (
	"fmt"
	"strings"

	"rundock/internal/cutover"
	"rundock/internal/skydns"
)

// verdict is whether a switch can be made.
type verdict struct {
	Done   bool   // the wanted colour is active already
	Refuse string // why not; "": it can
	None   bool   // of Refuse: there is no such service
	Wait   wait   // for Refuse to pass by itself
}

// wait is how long something may be waited for.
type wait int

const (
	waitNot    wait = iota
	waitLittle      // a load balancer that is being restarted, the first poll
	waitLong        // instances that are coming up: the timeout
)

// judge decides, before anything is written, whether the switch can be made.
// found are the service's instances, of all colours; polled those of the wanted
// one. An attempt that is not settled and that nobody leads is no obstacle.
func judge(r Request, v cutover.View, found map[string]skydns.Record, polled []cutover.Instance) verdict {
	refuse := func(format string, args ...any) verdict { return verdict{Refuse: fmt.Sprintf(format, args...)} }
	passing := func(w wait, v verdict) verdict { v.Wait = w; return v }
	switch {
	case v.Lock != nil:
		return refuse("%s", heldBy(r.Service, *v.Lock))
	case v.State == nil && len(found) == 0:
		return verdict{Refuse: fmt.Sprintf("service %s: there is none of this name: it has neither records nor a colour", r.Service), None: true}
	case v.State == nil:
		return refuse("service %s has no colour: install it with colour: blue first, which then is the active one", r.Service)
	case v.State.Phase == cutover.Settled && v.State.Active == r.To:
		return verdict{Done: true}
	case len(v.LoadBalancers) == 0:
		return refuse("no load balancer is registered for %s: nobody would send its traffic to %s", r.Service, r.To)
	}
	if down := v.Down(); down != "" {
		return passing(waitLittle, refuse("load balancer %s is down: it acknowledges nothing; see there: rundockd balance status; if the host is gone for good: rundockd switch %s --forget-balancer %[1]s", down, r.Service))
	}
	state := *v.State
	state.To, state.MinHealthy = r.To, r.MinHealthy
	why := cutover.Unhealthy(polled, state)
	switch {
	case why == "":
		return verdict{}
	case len(polled) == 0:
		return passing(waitLittle, refuse("%s", why))
	}
	return passing(waitLong, refuse("%s", why))
}

// heldBy says who leads another attempt.
func heldBy(service string, l cutover.Lock) string {
	return fmt.Sprintf("a switch of %s to %s is under way: %s began it on %s at %s; if that is gone, its lock ends within %s",
		service, l.To, l.Who, l.Host, l.Since.Local().Format("15:04:05"), lockLease)
}

// plan is what a switch does, in words.
func plan(r Request, v cutover.View) []string {
	on := strings.Join(v.LoadBalancers, ", ")
	steps := []string{fmt.Sprintf("prepare %s on %s", r.To, on)}
	if r.Canary > 0 {
		steps = append(steps, fmt.Sprintf("send %v %% of new sessions to %s for %d s", r.Canary, r.To, r.CanaryFor))
	}
	steps = append(steps, fmt.Sprintf("send all to %s, on each of them", r.To))
	if r.Rollback.Window > 0 {
		steps = append(steps, fmt.Sprintf("look at errors for %d s", r.Rollback.Window))
	}
	return append(steps, fmt.Sprintf("let sessions on %s end, for %d s at the most", v.State.Active, r.Drain))
}
