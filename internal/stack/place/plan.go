package place

import (
	"cmp"
	"fmt"
	"slices"

	"rundock/internal/stack"
)

// Plan chooses the hosts of a stack's slots: see the package's comment. previous
// is where they are, as Places gave it. The same input gives the same placement
// in whatever order it comes, and given its own Places again Plan moves nothing. An error is
// one of the input: a rule that is no regular expression, two hosts of a name, a
// lost host that nobody knows.
func Plan(s stack.Stack, hosts []Host, previous map[stack.Slot]stack.Place, o Options) (Placement, error) {
	b, err := newBoard(s, hosts, previous, o)
	if err != nil {
		return Placement{}, fmt.Errorf("place %s: %w", s.Name, err)
	}
	b.keep()
	for level := 0; b.placeLevel(level); level++ {
	}
	if o.Rebalance {
		b.rebalance()
	}
	b.chooseStandbys()
	return b.placement(previous), nil
}

// keep leaves units where they were. Those with volumes come first, as they have
// no choice, then small ones, of which a host keeps more.
func (b *board) keep() {
	var had []*unit
	for _, u := range b.units {
		switch {
		case u.away != "":
			u.because = fmt.Sprintf("%s is not among the hosts, which is not lost", u.away)
		case u.was >= 0 && u.split == "":
			had = append(had, u)
		}
	}
	slices.SortStableFunc(had, func(x, y *unit) int {
		return cmp.Or(cmp.Compare(min(len(y.holds), 1), min(len(x.holds), 1)), cmp.Compare(x.need.Memory, y.need.Memory), cmp.Compare(x.need.CPU, y.need.CPU))
	})
	for _, u := range had {
		state := b.hosts[u.was].state
		switch t := b.lookFor(u, u.was, u.level == 0); {
		case state == Unreachable:
			b.put(u, u.was)
			u.fixed, u.because = true, b.hosts[u.was].Name+" is unreachable, which is not lost"
		case t.filter == none:
			b.put(u, u.was)
			u.because = "fits"
			if len(u.holds) > 0 {
				u.fixed, u.because = true, "volume"
			}
		case len(u.holds) > 0 && (state == lost || state == Drained):
			u.waits = fmt.Sprintf("%s is on %s, which is %s", namesOf(u.holds), b.hosts[u.was].Name, state)
		default:
			u.because = b.leaves(u, t)
		}
	}
}

// leaves says why a unit does not stay: label zone lost; node-1 is drained.
func (b *board) leaves(u *unit, t took) string {
	h := b.hosts[u.was]
	switch t.filter {
	case byState:
		return h.Name + " is " + t.what
	case byConstraint:
		return b.unmet(u, t, h)
	}
	return t.words()
}

// unmet says what of a host a constraint does not find any more.
func (b *board) unmet(u *unit, t took, h *hostState) string {
	for _, m := range u.services {
		for _, c := range b.services[m].constraints {
			if c.Soft || c.heldBy(h.Host) {
				continue
			}
			if label, is := cutLabel(c.Key); is && !c.Not {
				if value, there := h.Labels[label]; there {
					return fmt.Sprintf("label %s is %s: %s", label, value, t.what)
				}
				return "label " + label + " lost"
			}
			return t.what
		}
	}
	return t.what
}

// placeLevel places the units of a level that are nowhere, and reports whether there
// may be more levels.
func (b *board) placeLevel(level int) bool {
	var homeless []*unit
	more := false
	for _, u := range b.units {
		more = more || u.level > level
		if u.level != level || u.waits != "" || u.away != "" || u.split != "" {
			continue
		}
		if u.host >= 0 && level > 0 && !u.fixed {
			if t := b.attraction(u); t.filter != none {
				b.take(u)
				u.because = t.words()
			}
		}
		if u.host < 0 {
			homeless = append(homeless, u)
		}
	}
	b.orderByChoice(homeless)
	for _, u := range homeless {
		if at := b.choose(u); at >= 0 {
			b.put(u, at)
		} else {
			b.makeRoom(u)
		}
	}
	b.trail = b.trail[:0]
	return more
}

// orderByChoice sorts units: those with the fewest hosts to choose from first, then
// large ones.
func (b *board) orderByChoice(units []*unit) {
	seen := map[*shape]bool{}
	for _, u := range units {
		if seen[u.shape] {
			continue
		}
		seen[u.shape], u.choices = true, 0
		for at := range b.hosts {
			if b.look(u, at).filter == none {
				u.choices++
			}
		}
	}
	choices := func(u *unit) int {
		if u.only >= 0 || len(u.holds) > 0 {
			return min(u.choices, 1)
		}
		return u.choices
	}
	slices.SortStableFunc(units, func(x, y *unit) int {
		return cmp.Or(cmp.Compare(choices(x), choices(y)), cmp.Compare(y.need.Memory, x.need.Memory), cmp.Compare(y.need.CPU, x.need.CPU), cmp.Compare(len(y.ports), len(x.ports)))
	})
}

// attraction is what of u's affinities no longer holds where it is: what they
// name may have moved.
func (b *board) attraction(u *unit) took {
	at := u.host
	b.leave(u)
	defer func() { b.seat(u, at, u.taken) }()
	return b.lookAround(u, at, true)
}
