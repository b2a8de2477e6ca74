package balancer

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"rundock/internal/cutover"
	"rundock/internal/haproxy"
)

// situation is all that is known of a service.
type situation struct {
	service   haproxy.Service
	known     bool // the store has said all there is to say
	seen      bool // HAProxy answers
	refilling bool // it came back, and may lack those that are well
	news      serviceNews
	have      map[string]haproxy.Servers // HAProxy's backends by colour, none included
	route     haproxy.Route              // as HAProxy has it, or would have it if it started now
	elder     bool                       // HAProxy processes of before a reload still have connections
	empty     bool                       // the backend that lost the traffic had no session in the last pass either
	flipped   time.Duration              // since when the traffic is on the wanted colour, in the phase flip
}

// decision is what follows from a situation.
type decision struct {
	want     map[string][]netip.AddrPort // by colour
	kept     string                      // why instances stay that the store lacks
	route    haproxy.Route
	stays    string // why the route is not the one that the store says
	ack      cutover.Ack
	empty    bool   // for the next situation
	shutDown string // backend whose sessions, and those of elder processes, have lasted too long
}

// decide is pure.
func decide(s situation) decision {
	d := decision{want: map[string][]netip.AddrPort{}}
	for _, colour := range []string{"", cutover.Blue, cutover.Green} {
		var kept string
		if d.want[colour], kept = s.wanted(colour); kept != "" {
			d.kept = kept
		}
	}
	d.route, d.stays = s.target()
	s.acknowledge(&d)
	return d
}

// wanted are the instances that a colour's backend is to have. Those that the
// store lacks stay where it does not answer, came back a while ago, or would
// shrink the backend that has traffic below the floor: HAProxy's own checks say
// whether they are well.
func (s situation) wanted(colour string) (want []netip.AddrPort, kept string) {
	var held []netip.AddrPort
	for _, slot := range s.have[colour].Slots {
		if slot.Addr.IsValid() && !strings.HasPrefix(slot.Status, "DRAIN") {
			held = append(held, slot.Addr)
		}
	}
	if !s.known {
		return held, ""
	}
	want = slices.Clone(s.news.records[colour])
	backend := haproxy.Backend(s.service.Name, colour)
	if backend != s.route.Backend && backend != s.route.Canary {
		return want, ""
	}
	switch {
	case len(want) < *s.service.Floor && len(held) > 0:
		kept = fmt.Sprintf("%s has %d instances in the store, and the floor is %d", backend, len(want), *s.service.Floor)
	case s.refilling && len(want) < len(held):
		kept = fmt.Sprintf("%s has %d of %d instances since the store came back: waiting %s for the others", backend, len(want), len(held), refillTime)
	default:
		return want, ""
	}
	var stay bool
	for _, a := range held {
		if !slices.Contains(want, a) {
			want, stay = append(want, a), true
		}
	}
	if !stay {
		kept = ""
	}
	return want, kept
}

// target is where the service's requests are to go. A backend that has servers
// which are up is not left for one that has none.
func (s situation) target() (route haproxy.Route, stays string) {
	if !s.known || !s.seen {
		s.route.Backend = cmp.Or(s.route.Backend, haproxy.Backend(s.service.Name, ""))
		return s.route, ""
	}
	state := s.news.view.State
	if state == nil {
		return s.guarded(haproxy.Backend(s.service.Name, ""))
	}
	route, stays = s.guarded(haproxy.Backend(s.service.Name, state.Map()))
	if state.Phase == cutover.Canary && s.have[state.To].Up() > 0 {
		route.Canary, route.Share = haproxy.Backend(s.service.Name, state.To), haproxy.Share(state.CanaryPercent)
	}
	return route, stays
}

func (s situation) guarded(backend string) (route haproxy.Route, stays string) {
	now := s.route.Backend
	if now != "" && now != backend && s.have[colourOf(s.service.Name, now)].Up() > 0 && s.have[colourOf(s.service.Name, backend)].Up() == 0 {
		return haproxy.Route{Backend: now}, fmt.Sprintf("%s has no server that is up, so %s keeps the traffic", backend, now)
	}
	return haproxy.Route{Backend: backend}, ""
}

// colourOf is the colour of a service's backend.
func colourOf(service, backend string) string {
	return strings.TrimPrefix(strings.TrimPrefix(backend, service), "-")
}

// acknowledge says what HAProxy was seen to do, not what it is told next.
func (s situation) acknowledge(d *decision) {
	a := &d.ack
	a.Reached, a.Reason, a.Colour = cutover.Serving, d.stays, colourOf(s.service.Name, s.route.Backend)
	a.Servers = s.servers()
	a.Counters = map[string]cutover.Counters{}
	for _, colour := range []string{cutover.Blue, cutover.Green} {
		b := s.have[colour]
		a.Counters[colour] = cutover.Counters{Up: b.Up(), Servers: len(s.news.records[colour]), Sessions: b.Sessions, Requests: b.Requests, Errors: b.Errors, Checks: b.Failed()}
	}
	state := s.news.view.State
	if state == nil {
		return
	}
	a.Attempt = state.Attempt
	if !s.seen {
		a.Colour, a.Reason = "", "HAProxy does not answer"
		return
	}
	switch state.Phase {
	case cutover.Prepare:
		s.prepared(*state, a)
	case cutover.Canary:
		a.Reached = cutover.Prepared
		if s.route.Share == haproxy.Share(state.CanaryPercent) && a.Colour == state.Active {
			a.Reached = cutover.InCanary
		} else if s.have[state.To].Up() == 0 {
			a.Reason = fmt.Sprintf("%s has no server that is up", state.To)
		}
	case cutover.Flip:
		s.flip(*state, d)
	default: // settled, or back
		if s.route.Share > 0 {
			a.Reached = cutover.InCanary
		}
	}
}

// servers are HAProxy's, and instances that it has no server for yet.
func (s situation) servers() map[string]string {
	all := map[string]string{}
	for _, records := range s.news.records {
		for _, a := range records {
			all[a.String()] = noSlot
		}
	}
	for _, b := range s.have {
		addSlots(all, b)
	}
	return all
}

// addSlots adds what HAProxy says of a backend's instances, by address and port.
func addSlots(all map[string]string, b haproxy.Servers) {
	for _, slot := range b.Slots {
		if slot.Addr.IsValid() {
			all[slot.Addr.String()] = slot.Says()
		}
	}
}

// prepared says whether the wanted colour could take over.
func (s situation) prepared(state cutover.State, a *cutover.Ack) {
	to := s.have[state.To]
	records := len(s.news.records[state.To])
	least := state.MinHealthy
	if least == 0 {
		least = max(records, 1)
	}
	switch up := to.Up(); {
	case least > s.service.Slots:
		a.Reached, a.Reason = cutover.Failed, fmt.Sprintf("%d servers of %s are wanted, and service %s has %d slots", least, state.To, s.service.Name, s.service.Slots)
	case a.Colour != state.Active:
		a.Reason = fmt.Sprintf("%s does not have the traffic yet: %s", state.Active, cmp.Or(a.Reason, "its servers are not up"))
	case up >= least && s.route.Share == 0:
		a.Reached, a.Reason = cutover.Prepared, ""
	default:
		a.Reason = fmt.Sprintf("%d of %d servers of %s are up: %s", up, max(least, records), state.To, statuses(to, s.news.records[state.To]))
	}
}

// flip says how far the traffic has moved.
func (s situation) flip(state cutover.State, d *decision) {
	a := &d.ack
	a.Reached = cutover.Prepared
	if a.Colour != state.To || s.route.Share > 0 {
		return
	}
	a.Reached = cutover.Flipped
	old := haproxy.Backend(s.service.Name, cutover.Other(state.To))
	left := s.have[cutover.Other(state.To)].Sessions
	d.empty = left == 0 && !s.elder
	switch {
	case d.empty && s.empty:
		a.Reached = cutover.Drained
	case left > 0:
		a.Reason = fmt.Sprintf("%s has %d sessions left", old, left)
	case s.elder:
		a.Reason = "HAProxy processes of before the last reload have connections left"
	}
	if !d.empty && s.flipped >= time.Duration(state.Drain)*time.Second {
		d.shutDown = old
	}
}

// noSlot is said of an instance that HAProxy was not given yet.
const noSlot = "has no slot yet"

// statuses are those of the servers of these instances.
func statuses(b haproxy.Servers, of []netip.AddrPort) string {
	var all []string
	for _, a := range of {
		status := noSlot
		for _, slot := range b.Slots {
			if slot.Addr == a {
				status = slot.Status
			}
		}
		if status != "UP" {
			all = append(all, fmt.Sprintf("%s %s", a, status))
		}
	}
	if len(all) == 0 {
		return "none has a record"
	}
	return strings.Join(all, ", ")
}
