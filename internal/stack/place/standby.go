package place

import "rundock/internal/stack"

// chooseStandbys gives each unit that is to be rescheduled a second host: the one
// it has, if that passes or is not known to be gone, or the best besides its own. What
// runs has its room first; standbys have room beside it and beside each other.
func (b *board) chooseStandbys() {
	var guests []*unit
	for _, u := range b.units {
		if u.host < 0 && u.away == "" || u.only >= 0 || len(u.holds) > 0 || !b.rescheduled(u) {
			u.standby, u.standbyAway = -1, ""
			continue
		}
		if u.standbyAway != "" {
			continue
		}
		if u.standby == u.host {
			u.standby = -1
		}
		guest := *u
		guest.was, guest.host, guest.taken = u.standby, -1, nil
		if u.standby < 0 || b.hosts[u.standby].state != Unreachable { // or it may run there
			u.standby = b.chooseBeside(u, &guest)
		}
		if u.standby >= 0 {
			b.enter(&guest, u.standby)
			u.standbyHas = guest.taken
			guests = append(guests, &guest)
		}
	}
	for _, g := range guests {
		b.leave(g)
	}
}

// chooseBeside finds the best host for u's standby, its guest, which does not run beside
// u; -1: none passes.
func (b *board) chooseBeside(u, guest *unit) int {
	at := u.host
	if at < 0 {
		return b.choose(guest)
	}
	b.leave(u)
	barred := u.barred[at]
	u.barred[at] = took{filter: byState, what: "its own host"}
	best := b.choose(guest)
	u.barred[at] = barred
	b.seat(u, at, u.taken)
	return best
}

// rescheduled reports whether a unit goes elsewhere by itself when its host is gone.
func (b *board) rescheduled(u *unit) bool {
	service := b.services[u.services[0]]
	return service.Reschedule && b.stack.NoStandby(service.name) == ""
}

// placeOf is what a slot's place is.
func (b *board) placeOf(u *unit, i int) stack.Place {
	before := u.slots[i].before
	p := stack.Place{Volumes: b.volumesOf(u.services[i]), Ports: before.Ports} // of one that stays where nothing is known
	switch {
	case u.away != "":
		p.Host = u.away
	case u.host >= 0:
		p.Host, p.Ports = b.hosts[u.host].Name, b.rangesOf(u, i, u.taken)
	default:
		p.Host = b.hosts[u.was].Name
	}
	if u.standbyAway != "" {
		p.Standby, p.StandbyPorts = u.standbyAway, before.StandbyPorts
	}
	if u.standby >= 0 {
		p.Standby, p.StandbyPorts = b.hosts[u.standby].Name, b.rangesOf(u, i, u.standbyHas)
	}
	return p
}
