package place

import (
	"fmt"
	"slices"
	"strings"

	"rundock/internal/stack"
)

// placement is what the board comes to.
func (b *board) placement(previous map[stack.Slot]stack.Place) Placement {
	var p Placement
	there := map[stack.Slot]bool{}
	for _, u := range b.units {
		for i := range u.slots {
			of := u.slots[i].Slot
			there[of] = true
			if u.host < 0 && u.waits == "" && u.away == "" {
				p.Refused = append(p.Refused, Refusal{of, b.refusal(u)})
				continue
			}
			p.Slots = append(p.Slots, b.slotOf(u, i))
		}
	}
	for _, s := range b.shapes {
		if def := b.services[s.title]; def.Global && !slices.ContainsFunc(b.units, func(u *unit) bool { return u.shape == s }) {
			nowhere := &unit{shape: s, only: -1, host: -1, was: -1, standby: -1}
			p.Refused = append(p.Refused, Refusal{stack.Slot{Service: def.name}, b.refusal(nowhere)})
		}
	}
	for of, place := range previous {
		if !there[of] {
			p.Gone = append(p.Gone, Slot{Slot: of, Place: place, Kind: Gone, Was: place.Host, Why: b.goneFor(of, place)})
		}
	}
	bySlot := func(x, y Slot) int { return x.Slot.Compare(y.Slot) }
	slices.SortFunc(p.Slots, bySlot)
	slices.SortFunc(p.Gone, bySlot)
	slices.SortFunc(p.Refused, func(x, y Refusal) int { return x.Slot.Compare(y.Slot) })
	return p
}

func (b *board) slotOf(u *unit, i int) Slot {
	s := Slot{Slot: u.slots[i].Slot, Place: b.placeOf(u, i), Was: u.slots[i].before.Host, Why: u.because, Kind: Kept}
	switch {
	case u.waits != "":
		s.Kind, s.Why = Waiting, u.waits
	case s.Was == "":
		s.Kind = New
	case s.Was != s.Host:
		s.Kind = Moved
	}
	switch {
	case len(u.holds) > 0 && s.Kind == Moved:
		s.Why = namesOf(u.holds) + " is there"
	case len(u.holds) == 0 && u.services[i] != u.title:
		s.Why = "with " + b.titleOf(u)
	}
	if u.host >= 0 {
		s.Notes = b.notes(u, u.services[i])
	}
	return s
}

// notes say which soft rules do not hold, and that there is no standby, or none that is
// known to be well.
func (b *board) notes(u *unit, service int) (notes []string) {
	def := b.services[service]
	for _, c := range def.constraints {
		if def.softMissed[u.host] > 0 && c.Soft && !c.heldBy(b.hosts[u.host].Host) {
			notes = append(notes, c.String()+" does not hold")
		}
	}
	if soft := slices.ContainsFunc(def.affinities, func(r int) bool { return b.rules[r].Soft }); soft {
		at := u.host
		b.leave(u)
		for _, r := range def.affinities {
			if b.rules[r].Soft && !b.agrees(u, service, r, at) {
				notes = append(notes, b.rules[r].String()+" does not hold")
			}
		}
		b.seat(u, at, u.taken)
	}
	switch {
	case u.standbyAway != "":
		notes = append(notes, u.standbyAway+", which has its standby, is not among the hosts")
	case u.standby >= 0 && b.hosts[u.standby].state == Unreachable:
		notes = append(notes, b.hosts[u.standby].Name+", which has its standby, is unreachable")
	case def.Reschedule && u.standby < 0 && u.only < 0:
		if why := b.stack.NoStandby(def.name); why != "" {
			notes = append(notes, "no standby: "+why)
		} else {
			notes = append(notes, "no host is left for a standby")
		}
	}
	return notes
}

func (b *board) goneFor(of stack.Slot, place stack.Place) string {
	def, ok := b.stack.Services[of.Service]
	switch at, known := b.byName[place.Host]; {
	case !ok:
		return "the service is gone"
	case !def.Global:
		return fmt.Sprintf("%d wanted", def.Replicas)
	case known && b.hosts[at].state != Ready && b.hosts[at].state != Paused:
		return fmt.Sprintf("%s is %s", place.Host, b.hosts[at].state)
	}
	return fmt.Sprintf("%s is not for %s any more", place.Host, of.Service)
}

// refusal says what each filter took: port 80 taken on 2 hosts, memory on 1.
func (b *board) refusal(u *unit) string {
	if u.split != "" {
		return u.split
	}
	if len(u.holds) > 0 {
		t := b.look(u, u.was)
		return fmt.Sprintf("%s is on %s, which %s takes", namesOf(u.holds), b.hosts[u.was].Name, t.words())
	}
	if u.only >= 0 {
		return fmt.Sprintf("%s on %s", b.look(u, u.only).words(), b.hosts[u.only].Name)
	}
	counts := map[took]int{}
	var all []took
	for at := range b.hosts {
		t := b.look(u, at)
		t.index = 0
		if counts[t]++; counts[t] == 1 {
			all = append(all, t)
		}
	}
	if len(all) == 0 {
		return "there is no host"
	}
	slices.SortStableFunc(all, func(x, y took) int { return counts[y] - counts[x] })
	var words []string
	for i, t := range all {
		text := fmt.Sprintf("%s on %d", t.words(), counts[t])
		switch {
		case i == 0 && counts[t] == 1:
			text += " host"
		case i == 0:
			text += " hosts"
		}
		words = append(words, text)
	}
	return strings.Join(words, ", ")
}

// cutLabel returns the label's name of a key that is one's.
func cutLabel(key string) (name string, is bool) { return strings.CutPrefix(key, stack.LabelPrefix) }
