package cutover

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// View is what is known of a service's switch at one time.
type View struct {
	Service       string
	State         *State         // nil: there is none
	Raw           []byte         // State as it is stored, for a Swap
	Lock          *Lock          // nil: nobody leads an attempt
	Acks          map[string]Ack // by host
	LoadBalancers []string       // hosts that have to acknowledge, sorted
}

// Instance is one of the wanted colour, as it was polled by the one who asked.
type Instance struct {
	Name    string // such as node-1-green
	Address string // with port
	Fault   string // why it is not healthy; "": it is
}

// Step is what Next decides.
type Step struct {
	Do   Do
	Why  string // what is waited for; what is over; why it goes back, naming the load balancer or instance
	Next State  // what to write in place of the State; of Write alone
}

// Do is the kind of a Step.
type Do int

// What a Step can be.
const (
	Wait  Do = iota // for Why
	Write           // the State Next
	Done            // the attempt is over: State is settled
)

// defaultTimeout is State.Timeout's.
const defaultTimeout = 60

// Next decides what the one who leads the attempt of v.State does next.
// instances are those of the wanted colour. The order is the one in which no
// request fails: healthy instances; prepared on every load balancer; canary;
// flipped on every one; drained on every one; settled.
func Next(v View, instances []Instance, now time.Time) Step {
	s := *v.State
	switch s.Phase {
	case Prepare:
		return v.prepare(instances, now)
	case Canary:
		return v.canary(instances, now)
	case Flip:
		return v.flip(now)
	case Back:
		return v.back(now)
	}
	return Step{Do: Done, Why: s.Why}
}

// Orphaned decides what to do about an attempt that nobody leads any more: v has
// no Lock. Before the flip, and where a load balancer has not flipped, it goes
// back. Whoever sees it may do it: State is written by compare-and-swap.
func Orphaned(v View, now time.Time) Step {
	if v.State == nil {
		return Step{Do: Done}
	}
	s := *v.State
	switch {
	case v.Lock != nil:
		return Step{Do: Wait, Why: "its lead is " + v.Lock.Who}
	case s.Phase == Settled:
		return Step{Do: Done, Why: s.Why}
	case s.Phase == Back:
		return v.back(now)
	case s.Phase == Flip:
		if missing, _ := v.behind(Flipped, Drained); missing == "" && len(v.LoadBalancers) > 0 {
			return s.settle(now)
		}
	}
	return s.goBack(now, "nobody leads it any more: rundockd switch of "+s.Who+" has ended in phase "+string(s.Phase))
}

func (v View) prepare(instances []Instance, now time.Time) Step {
	s := *v.State
	if len(v.LoadBalancers) == 0 {
		return s.goBack(now, "no load balancer is registered for "+v.Service)
	}
	if why := v.failed(); why != "" {
		return s.goBack(now, why)
	}
	if why := Unhealthy(instances, s); why != "" {
		return s.waitFor(now, s.timeout(), why)
	}
	if _, why := v.behind(Prepared); why != "" {
		return s.waitFor(now, s.timeout(), why)
	}
	next := s
	next.Phase, next.Since, next.Before = Flip, now.UTC(), v.counters()
	if s.CanaryPercent > 0 {
		next.Phase = Canary
	}
	return Step{Do: Write, Next: next, Why: fmt.Sprintf("%s is prepared on %s", s.To, list(v.LoadBalancers))}
}

func (v View) canary(instances []Instance, now time.Time) Step {
	s := *v.State
	if why := v.endangered(); why != "" {
		return s.goBack(now, why)
	}
	if _, why := v.behind(InCanary); why != "" {
		return s.waitFor(now, s.timeout(), why)
	}
	if why := v.worse(); why != "" {
		return s.goBack(now, why)
	}
	if left := s.left(now, s.CanarySeconds); left > 0 {
		return Step{Do: Wait, Why: fmt.Sprintf("%v %% of new sessions go to %s for %s more", s.CanaryPercent, s.To, left)}
	}
	// One that is down has no request, and so none that fails.
	if why := Unhealthy(instances, s); why != "" {
		return s.goBack(now, why)
	}
	next := s
	next.Phase, next.Since, next.Before = Flip, now.UTC(), v.counters()
	return Step{Do: Write, Next: next, Why: fmt.Sprintf("the canary share of %v %% went well", s.CanaryPercent)}
}

func (v View) flip(now time.Time) Step {
	s := *v.State
	if why := v.endangered(); why != "" {
		return s.goBack(now, why)
	}
	if _, why := v.behind(Flipped, Drained); why != "" {
		return s.waitFor(now, s.timeout(), why)
	}
	if why := v.worse(); why != "" {
		return s.goBack(now, why)
	}
	if left := s.left(now, s.Rollback.Window); left > 0 && s.Rollback.looks() {
		return Step{Do: Wait, Why: fmt.Sprintf("%s has the traffic, and may go back for %s more", s.To, left)}
	}
	host, why := v.behind(Drained)
	switch {
	case why == "":
		return s.settle(now)
	case s.left(now, s.timeout()+s.Drain) > 0:
		return Step{Do: Wait, Why: why}
	}
	// Traffic is as wanted. That old sessions do not end is no reason to go back.
	step := s.settle(now)
	step.Why = fmt.Sprintf("%s has the traffic; load balancer %s still has sessions on %s", s.To, host, s.Active)
	return step
}

// back waits until those that may have given traffic to To have taken it back.
func (v View) back(now time.Time) Step {
	s := *v.State
	next := s
	next.Phase, next.To, next.Since, next.Before, next.From = Settled, s.Active, now.UTC(), nil, ""
	var waiting string
	for _, host := range v.LoadBalancers {
		ack, alive := v.Acks[host]
		switch {
		case alive && ack.Attempt == s.Attempt && ack.Reached == Serving && ack.Colour == s.Active:
		case !alive && s.From == Prepare: // it had not yet been asked to give any
		case !alive:
			waiting = fmt.Sprintf("load balancer %s is down, and did not acknowledge that it is back on %s", host, s.Active)
		default:
			waiting = fmt.Sprintf("load balancer %s has not acknowledged that it is back on %s%s", host, s.Active, because(ack))
		}
	}
	if waiting == "" {
		return Step{Do: Write, Next: next, Why: s.Why}
	}
	if s.left(now, s.timeout()) > 0 {
		return Step{Do: Wait, Why: waiting}
	}
	next.Why = s.Why + "; " + waiting
	return Step{Do: Write, Next: next, Why: next.Why}
}

// Unhealthy says why the instances of the wanted colour are too few.
func Unhealthy(instances []Instance, s State) string {
	if len(instances) == 0 {
		return fmt.Sprintf("%s has no instance: none has a record", s.To)
	}
	var faults []string
	for _, i := range instances {
		if i.Fault != "" {
			faults = append(faults, fmt.Sprintf("%s (%s): %s", i.Name, i.Address, i.Fault))
		}
	}
	want := s.MinHealthy
	if want == 0 {
		want = len(instances)
	}
	healthy := len(instances) - len(faults)
	if healthy >= want {
		return ""
	}
	why := fmt.Sprintf("%s has %d healthy instances, and %d are wanted", s.To, healthy, want)
	if len(faults) > 0 {
		why += ": " + strings.Join(faults, "; ")
	}
	return why
}

// Down names a load balancer that has to acknowledge and does not run; "": all do.
func (v View) Down() string {
	for _, host := range v.LoadBalancers {
		if _, ok := v.Acks[host]; !ok {
			return host
		}
	}
	return ""
}

// failed says which load balancer says of this attempt that it cannot.
func (v View) failed() string {
	for _, host := range v.LoadBalancers {
		if a := v.Acks[host]; a.Attempt == v.State.Attempt && a.Reached == Failed {
			return fmt.Sprintf("load balancer %s: %s", host, a.Reason)
		}
	}
	return ""
}

// endangered is failed, or says which load balancer has gone: from here on each
// of them has traffic in its hands.
func (v View) endangered() string {
	if why := v.failed(); why != "" {
		return why
	}
	if host := v.Down(); host != "" {
		return fmt.Sprintf("load balancer %s is down: it acknowledges nothing any more", host)
	}
	return ""
}

// behind names the first load balancer that has not reached one of these in this
// attempt, and says why.
func (v View) behind(reached ...Reached) (host, why string) {
	for _, host := range v.LoadBalancers {
		a, ok := v.Acks[host]
		switch {
		case !ok:
			return host, fmt.Sprintf("load balancer %s is down: it acknowledges nothing", host)
		case a.Attempt != v.State.Attempt || !slices.Contains(reached, a.Reached):
			return host, fmt.Sprintf("load balancer %s has not acknowledged %s%s", host, reached[0], because(a))
		case (reached[0] == Flipped || reached[0] == Drained) && a.Colour != v.State.To:
			return host, fmt.Sprintf("load balancer %s has acknowledged %s, and its map says %s", host, a.Reached, a.Colour)
		}
	}
	return "", ""
}

func because(a Ack) string {
	if a.Reason == "" {
		return ""
	}
	return ": " + a.Reason
}

// counters are those of the wanted colour as they are now.
func (v View) counters() map[string]Counters {
	all := map[string]Counters{}
	for _, host := range v.LoadBalancers {
		all[host] = v.Acks[host].Counters[v.State.To]
	}
	return all
}

// worse says by which counters the wanted colour is worse than Rollback takes.
func (v View) worse() string {
	limit := v.State.Rollback
	var sum Counters
	for _, host := range v.LoadBalancers {
		c := v.Acks[host].Counters[v.State.To].since(v.State.Before[host])
		sum.Requests, sum.Errors, sum.Checks = sum.Requests+c.Requests, sum.Errors+c.Errors, sum.Checks+c.Checks
	}
	switch {
	case limit.Checks > 0 && sum.Checks >= int64(limit.Checks):
		return fmt.Sprintf("%d checks of %s failed since, and %d are too many", sum.Checks, v.State.To, limit.Checks)
	case limit.ErrorPercent > 0 && sum.Errors > 0 && float64(sum.Errors)*100 >= limit.ErrorPercent*float64(sum.Requests):
		return fmt.Sprintf("%d of %d requests to %s failed since, and %v %% are too many", sum.Errors, sum.Requests, v.State.To, limit.ErrorPercent)
	}
	return ""
}

func (r Rollback) looks() bool { return r.ErrorPercent > 0 || r.Checks > 0 }

func (s State) timeout() int {
	if s.Timeout == 0 {
		return defaultTimeout
	}
	return s.Timeout
}

// left is what is left of so many seconds since the phase began.
func (s State) left(now time.Time, seconds int) time.Duration {
	return (time.Duration(seconds)*time.Second - now.Sub(s.Since)).Round(time.Second / 10)
}

// waitFor waits for why, and goes back for it when the time is over.
func (s State) waitFor(now time.Time, seconds int, why string) Step {
	if s.left(now, seconds) > 0 {
		return Step{Do: Wait, Why: why}
	}
	return s.goBack(now, fmt.Sprintf("%s (waited %d s)", why, seconds))
}

// GoBack is the step that takes an attempt back for why, as whoever leads it may
// decide in each phase before it is settled.
func GoBack(s State, now time.Time, why string) Step { return s.goBack(now, why) }

func (s State) goBack(now time.Time, why string) Step {
	s.From, s.Phase, s.Since, s.Before, s.Why = s.Phase, Back, now.UTC(), nil, why
	return Step{Do: Write, Next: s, Why: why}
}

func (s State) settle(now time.Time) Step {
	old := s.Active
	s.Active, s.Phase, s.Since, s.Before, s.From, s.Why = s.To, Settled, now.UTC(), nil, "", ""
	return Step{Do: Write, Next: s, Why: fmt.Sprintf("%s has the traffic, and no session is left on %s", s.To, old)}
}

func list(hosts []string) string { return strings.Join(hosts, ", ") }
