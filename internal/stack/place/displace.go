package place

import (
	"cmp"
	"slices"
)

const (
	mostDisplaced = 3      // units that one may move out of its way
	mostLooks     = 20_000 // at hosts, in the search for one unit
)

// makeRoom puts u, for which no host passes, where others can be moved out of its
// way: as few as possible, three at most. Where that cannot be, nothing changes.
func (b *board) makeRoom(u *unit) {
	before, length := b.version, len(b.trail)
	if len(u.holds) > 0 || u.failed != nil && u.failedAt == before && u.only < 0 && slices.Equal(u.failed.matched, u.matched) {
		return
	}
	for budget := 1; budget <= mostDisplaced; budget++ {
		b.displaceable, b.fuel = budget, mostLooks
		if b.settle(u) {
			b.explain(u, b.trail[length:])
			return
		}
	}
	b.version = before
	u.failed, u.failedAt = u, before
}

// settle puts u on its best host, or makes room for it on one. Where it cannot, it
// leaves the board as it was.
func (b *board) settle(u *unit) bool {
	if at := b.choose(u); at >= 0 {
		b.put(u, at)
		return true
	}
	if b.displaceable == 0 {
		return false
	}
	chained := u.fixed
	u.fixed = true // what makes room for it moves it not
	defer func() { u.fixed = chained }()
	for at := range b.hosts {
		if b.fuel <= 0 {
			return false
		}
		if u.barred[at].filter == none && (u.only < 0 || u.only == at) && b.clear(u, at, nil) {
			return true
		}
	}
	return false
}

// clear takes units off a host until u passes there, and settles them elsewhere.
// out are those that it has taken off already. Where that fails, it leaves the
// board as it was.
func (b *board) clear(u *unit, at int, out []*unit) bool {
	t := b.look(u, at)
	length, displaceable := len(b.trail), b.displaceable
	if t.filter == none {
		b.put(u, at)
		for _, o := range out {
			if !b.settle(o) {
				b.undo(length)
				b.displaceable = displaceable
				return false
			}
		}
		return true
	}
	if b.displaceable == 0 || b.fuel <= 0 {
		return false
	}
	for _, o := range b.inTheWay(u, at, t) {
		b.displaceable--
		b.take(o)
		o.fixed = true
		done := b.clear(u, at, append(out, o))
		o.fixed = false
		if done {
			return true
		}
		b.undo(length)
		b.displaceable = displaceable
	}
	return false
}

// inTheWay are the units on a host without which what took it for u may not: new
// ones first, of which nothing runs yet, then small ones.
func (b *board) inTheWay(u *unit, at int, t took) (all []*unit) {
	for _, o := range b.hosts[at].units {
		if !o.fixed && o.only < 0 && len(o.holds) == 0 && b.yields(u, o, at, t) && !b.needed(o, at) {
			all = append(all, o)
		}
	}
	slices.SortFunc(all, (*unit).order)
	return all
}

// order is in which units are moved out of the way.
func (u *unit) order(o *unit) int {
	return cmp.Or(cmp.Compare(min(u.was, 0), min(o.was, 0)), cmp.Compare(u.need.Memory, o.need.Memory), cmp.Compare(u.index, o.index))
}

// yields reports whether what took a host for u is o's.
func (b *board) yields(u, o *unit, at int, t took) bool {
	switch t.filter {
	case byMaximum:
		return slices.Contains(o.services, t.index)
	case byMemory:
		return o.need.Memory > 0
	case byCPU:
		return o.need.CPU > 0
	case byPort:
		want := u.ports[t.index].on[at]
		first, last := want.Range()
		for i, number := range o.taken {
			if number >= first && number <= last && want.SameAddress(o.ports[i].on[at]) {
				return true
			}
		}
	case byAffinity:
		if slices.Contains(o.matched, t.index) && b.rules[t.index].Not {
			return true
		}
		for _, m := range o.services {
			if slices.Contains(b.services[m].affinities, t.index) {
				return slices.Contains(u.matched, t.index)
			}
		}
	}
	return false
}

// needed reports whether a unit on the host must be with o.
func (b *board) needed(o *unit, at int) bool {
	for _, r := range o.matched {
		if b.hosts[at].attracted[r] > 0 {
			return true
		}
	}
	return false
}

// explain says of u, and of those that made room for it, why they are where they
// are.
func (b *board) explain(u *unit, steps []step) {
	if u.was < 0 {
		u.because = "others made room"
	}
	for _, s := range steps {
		switch o := s.unit; {
		case o == u || s.put || o.was < 0:
		case o.host == o.was:
			o.because = "fits"
		default:
			o.because = "makes room for " + b.titleOf(u)
		}
	}
}
