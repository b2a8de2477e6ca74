package place

import "slices"

// rebalance moves units that are better off elsewhere, one at a time, until none is.
// Those with volumes stay, and so does what others must be with. Each move makes the
// whole better, so that it ends, and is done the second time.
func (b *board) rebalance() {
	whole := b.imbalance()
	for moved := true; moved; {
		moved = false
		for _, u := range b.units {
			if u.host < 0 || u.fixed || u.only >= 0 || len(u.holds) > 0 || b.needed(u, u.host) {
				continue
			}
			if now := b.improve(u, whole); now != nil {
				whole, moved = now, true
			}
		}
	}
	b.trail = b.trail[:0]
}

// improve moves u where that makes the whole better, and returns how it is then; nil
// if u stays.
func (b *board) improve(u *unit, whole []float64) []float64 {
	at, ports, because, standby := u.host, u.taken, u.because, u.standby
	u.standby = -1
	b.leave(u)
	best := b.choose(u)
	u.standby = standby
	if best >= 0 && best != at {
		b.enter(u, best)
		if now := b.imbalance(); slices.Compare(now, whole) < 0 {
			switch {
			case best == u.was:
				u.because = "fits"
			case u.was >= 0:
				u.because = "better balanced"
			}
			return now
		}
		b.leave(u)
	}
	b.seat(u, at, ports)
	u.because = because
	return nil
}

// imbalance is how far the whole board is from the best, in the order of a score:
// soft rules that do not hold, then squares of what is to be even.
func (b *board) imbalance() []float64 {
	sum := make([]float64, 5)
	square := func(n int) float64 { return float64(n) * float64(n) }
	for _, u := range b.units {
		at := u.host
		if at < 0 {
			continue
		}
		for _, m := range u.services {
			if !slices.ContainsFunc(b.services[m].affinities, func(r int) bool { return b.rules[r].Soft }) {
				sum[0] += float64(b.services[m].softMissed[at])
				continue
			}
			b.leave(u)
			sum[0] += float64(b.softUnmet(u, m, at))
			b.seat(u, at, u.taken)
		}
	}
	for _, counts := range b.counts {
		for _, n := range counts {
			sum[1] += square(n)
		}
	}
	sign := 1.0
	if b.strategy == Binpack {
		sign = -1
	}
	for _, h := range b.hosts {
		for _, n := range h.own {
			sum[2] += square(n)
		}
		full := 0.0
		if h.CPU > 0 {
			full += float64(h.cpu) / float64(h.CPU)
		}
		if h.Memory > 0 {
			full += float64(h.memory) / float64(h.Memory)
		}
		sum[3] += sign * full * full
		sum[4] += sign * square(h.containers)
	}
	return sum
}
