package announce

import (
	"context"

	"rundock/internal/control"
	"rundock/internal/registry"
)

// port is the state of one announced port.
type port struct {
	Port
	gate  gate
	lease registry.Lease

	probing   string             // the target that is probed; "" while none is
	stopProbe context.CancelFunc // nil while none is

	up      bool // the gate lets it be announced, and a record can be made of it
	reason  string
	records []control.Record
	items   []registry.Item // the port's own first

	holding     bool            // from the start of a Hold until it has returned
	heldItems   []registry.Item // what Hold was given
	heldOf      string          // id of the container that heldItems are of
	replacing   bool            // others take the place of heldItems, and the store has not answered yet
	active      string          // colour, as of heldItems
	stopHold    context.CancelCauseFunc
	holdState   registry.HoldState
	withdrawErr error // of the last withdrawal, where the store was not reached

	predecessorDone bool // what a predecessor may have left of the key was taken over, or taken away as far as could be
	dropping        bool // drop is taking away what a predecessor left
}

// summary is the state of the port, and how far it is from being announced:
// 0 is announced.
func (p *port) summary() (state control.AnnounceState, reason string, distance int) {
	switch {
	case !p.up:
		if p.withdrawErr != nil {
			return control.Unhealthy, p.reason + "; " + p.withdrawErr.Error(), 3
		}
		return control.Unhealthy, p.reason, 3
	case p.holding && p.holdState.Held:
		return control.Announced, p.holdState.Reason, 0
	case p.holdState.HeldBy != "":
		return control.Conflict, p.holdState.Reason, 1
	}
	return control.Unreached, p.holdState.Reason, 2
}

// named is why with the port's name in front, if it has one.
func (p *port) named(why string) string {
	if p.Name == "" || why == "" {
		return why
	}
	return "port " + p.Name + ": " + why
}
