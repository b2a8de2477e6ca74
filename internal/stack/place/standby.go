package place

import "rundock/internal/stack"

// chooseStandbys gives each unit that is to be rescheduled a second host: the one
// it has, if that passes, or the best besides its own. What runs has its room
// first; standbys have room beside it and beside each other.
func (b *board) chooseStandbys() {
	var guests []*unit
	for _, u := range b.units {
		if u.host < 0 || u.only >= 0 || len(u.holds) > 0 || !b.rescheduled(u) {
			u.standby = -1
			continue
		}
		at := u.host
		if u.standby == at {
			u.standby = -1
		}
		guest := *u
		guest.was, guest.host, guest.taken = u.standby, -1, nil
		b.leave(u) // it does not run beside its standby
		barred := u.barred[at]
		u.barred[at] = took{filter: byState, what: "its own host"}
		u.standby = b.choose(&guest)
		u.barred[at] = barred
		b.enter(u, at)
		if u.standby >= 0 {
			b.enter(&guest, u.standby)
			guests = append(guests, &guest)
		}
	}
	for _, g := range guests {
		b.leave(g)
	}
}

// rescheduled reports whether a unit goes elsewhere by itself when its host is gone.
func (b *board) rescheduled(u *unit) bool {
	service := b.services[u.services[0]]
	return service.Reschedule && b.stack.NoStandby(service.name) == ""
}

// placeOf is what a slot's place is.
func (b *board) placeOf(u *unit, i int) stack.Place {
	p := stack.Place{Volumes: b.volumesOf(u.services[i])}
	switch {
	case u.away != "":
		p.Host = u.away
	case u.host >= 0:
		p.Host = b.hosts[u.host].Name
	default:
		p.Host = b.hosts[u.was].Name
	}
	if u.standby >= 0 {
		p.Standby = b.hosts[u.standby].Name
	}
	return p
}
