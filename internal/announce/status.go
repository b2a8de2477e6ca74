package announce

import (
	"reflect"
	"time"

	"rundock/internal/control"
	"rundock/internal/registry"
)

// report tells the status if it changed, and logs what a person reads.
func (a *Announcer) report(state control.AnnounceState, reason string) {
	next := control.AnnounceStatus{Service: a.cfg.Name, State: state, Reason: reason, Container: a.instance.ID, Colour: a.cfg.Colour, Stack: a.cfg.Stack, Slot: a.cfg.slot(), Active: a.active, Since: a.status.Since, Keys: a.Keys(), Stays: a.stays}
	for _, p := range a.ports {
		next.Records = append(next.Records, p.records...)
		if p.holding && next.Lacks == "" {
			next.Lacks = p.named(p.holdState.Lacks)
		}
	}
	if reflect.DeepEqual(next, a.status) {
		return
	}
	now := time.Now()
	if next.State != a.status.State {
		next.Since = now
	}
	news := next.Reason != a.status.Reason || next.Lacks != a.status.Lacks
	if next.State != a.status.State || news && a.reasonLog.allows(now) {
		args := []any{"state", string(state)}
		if reason != "" {
			args = append(args, "reason", reason)
		}
		if next.Lacks != "" {
			args = append(args, "lacks", next.Lacks)
		}
		a.log.Info("status", args...)
	}
	a.status = next
	a.onStatus(next)
}

// summary is the state of the service: that of the port that is furthest from
// being announced.
func (a *Announcer) summary() (control.AnnounceState, string) {
	if a.request != nil {
		for _, p := range a.ports {
			if p.withdrawErr != nil {
				return a.requestState(), p.withdrawErr.Error()
			}
		}
		return a.requestState(), "on request, until another container is up"
	}
	state, reason, farthest := control.Announced, "", 0
	for _, p := range a.ports {
		s, why, distance := p.summary()
		why = p.named(why)
		if distance > farthest {
			state, reason, farthest = s, why, distance
		} else if distance == farthest && reason == "" {
			reason = why
		}
	}
	return state, reason
}

// awaitsStore reports whether the store is about to answer to a Hold: a status
// from before it would be news for a moment.
func (a *Announcer) awaitsStore() bool {
	for _, p := range a.ports {
		if p.up && (p.replacing || p.holdState == (registry.HoldState{})) {
			return true
		}
	}
	return false
}

// anyHeld reports whether clients may know of any port.
func (a *Announcer) anyHeld() bool {
	for _, p := range a.ports {
		if p.holding && (p.holdState.Held || p.holdState.Second) {
			return true
		}
	}
	return false
}

func (a *Announcer) requestState() control.AnnounceState {
	if a.request.done {
		return control.Withdrawn
	}
	return control.Draining
}
