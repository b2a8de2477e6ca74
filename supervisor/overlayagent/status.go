package overlayagent

import (
	"cmp"
	"net/netip"
	"time"

	"rundock/internal/control"
	"rundock/internal/overlay"
)

// say writes the status if it differs from the last.
func (a *agent) say() {
	s := a.status
	a.mu.Lock()
	unreached, fenced, pending, subnet, fault := a.registry, false, a.wanted == nil, netip.Prefix{}, a.faultHere()
	s.Alive, s.Changes, s.Healed, s.Changed, s.Peers, s.Narrow = a.alive, a.changes, a.healed, a.changed, 0, 0
	s.Underlay = a.Underlay.Address.String()
	if a.wanted != nil {
		state := a.wanted.State()
		fenced, s.Peers, s.Narrow, subnet = a.wanted.Fenced(), a.wanted.Count(), narrow(state), a.wanted.Subnet()
		s.Subnet, s.Gateway, s.MTU = subnet.String(), overlay.Gateway(subnet).String(), state.Bridge.MTU
		fault = cmp.Or(fault, a.notSaved(), a.wanted.LeftOut())
	}
	s.Unsaved = a.unsaved
	a.mu.Unlock()
	s.Silent, s.Unheard = a.unheard(s.Peers)
	s.Fault, s.Next = fault.What, fault.Next
	s.Refused = refused(unreached)
	s.Registry, s.Reason = "", ""
	if unreached != nil {
		s.Registry = unreached.Error()
	}
	switch {
	case pending:
		s.State, s.Reason = control.OverlayWaiting, "no subnet yet"
	case !a.audited:
		return // an audit is due
	case a.failed != nil:
		s.State, s.Reason = control.OverlayWaiting, a.failed.Error()
	case a.part.subnet != subnet:
		return // Docker is being asked
	case a.part.missing != nil:
		s.State, s.Reason = control.OverlayWaiting, a.part.missing.Error()
	case fenced:
		s.State = control.OverlayFenced
	default:
		s.State = control.OverlayUp
	}
	if s.State != a.status.State || s.Reason != a.status.Reason {
		s.Since = time.Now()
		a.log.Info("the network is "+string(s.State), "reason", s.Reason, "subnet", s.Subnet, "peers", s.Peers)
	}
	s.Beat = a.status.Beat
	if now := control.Clock(); s != a.status || now-s.Beat > control.OverlayBeat/2 {
		s.Beat = now
	} else {
		return
	}
	if s.Fault != a.status.Fault {
		a.log.Warn(cmp.Or(s.Fault, "what was wrong with the host, or with others, is over"), "next", s.Next)
	}
	if s.Unheard != a.status.Unheard {
		a.log.Warn(cmp.Or(s.Unheard, "all other hosts answer in the network"))
	}
	a.status = s
	if err := control.WriteOverlay(control.Dir, s); err != nil {
		a.log.Warn("the status is not written", "err", err)
	}
}
