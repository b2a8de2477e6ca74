package place

import (
	"fmt"
	"slices"

	"rundock/internal/stack"
)

// score is how good a host is for a unit: the first difference decides, and less
// is better.
type score struct {
	standby  int // 0: it is the standby of the host that was lost
	volumes  int // how many of the unit's volumes are not there
	soft     int // soft rules that do not hold
	spread   int // instances with the same value of the preference that tells two hosts apart
	own      int // instances of the unit's services
	load     int64
	loaded   int // containers
	hash     uint64
	position int // of the host
}

// criterion is by what one host is better than another.
type criterion int

const (
	byStandby criterion = iota
	byVolumes
	bySoft
	bySpread
	byOwn
	byLoad
	byContainers
	byHash
)

// choose finds the best host that passes, and has u say why it is; -1: none passes.
// Why one that moves left its host is said already.
func (b *board) choose(u *unit) int {
	best, passing, why := -1, 0, byStandby
	var bestScore score
	for at := range b.hosts {
		if len(u.holds) > 0 && at != u.was || b.look(u, at).filter != none {
			continue
		}
		passing++
		s := b.score(u, at)
		if best < 0 {
			best, bestScore = at, s
			continue
		}
		better, by := b.compare(u, s, bestScore)
		if better {
			best, bestScore, why = at, s, by
		}
		why = max(why, by) // what tells it from the next best one
	}
	if best >= 0 && u.was < 0 {
		u.because = b.reason(u, passing, why, bestScore)
	}
	return best
}

// score looks at a host that passes.
func (b *board) score(u *unit, at int) score {
	h := b.hosts[at]
	s := score{position: at, hash: mix(u.hash ^ h.hash)}
	if u.standby >= 0 && u.standby != at {
		s.standby = 1
	}
	for _, m := range u.services {
		def := b.services[m]
		s.own += h.own[m]
		s.soft += b.softUnmet(u, m, at)
		if len(def.volumes) > 0 && h.own[m] == 0 {
			for _, name := range def.volumes {
				if !slices.Contains(h.Volumes, name) {
					s.volumes++
				}
			}
		} else {
			s.volumes += len(def.volumes)
		}
	}
	s.load, s.loaded = load(u.need, h), h.containers
	return s
}

// load is how full a host is with so much more, in hundredths of a percent of what
// is asked for: processors and memory together, as classic Swarm weighs them.
func load(need stack.Amount, h *hostState) (sum int64) {
	if need.CPU > 0 && h.CPU > 0 {
		sum += int64(h.cpu+need.CPU) * 10_000 / int64(h.CPU)
	}
	if need.Memory > 0 && h.Memory > 0 {
		sum += int64(float64(h.memory+need.Memory) * 10_000 / float64(h.Memory))
	}
	return sum
}

// softUnmet counts the soft rules of one of u's services that do not hold.
func (b *board) softUnmet(u *unit, service, at int) (unmet int) {
	def := b.services[service]
	unmet = def.softMissed[at]
	for _, r := range def.affinities {
		if b.rules[r].Soft && !b.agrees(u, service, r, at) {
			unmet++
		}
	}
	return unmet
}

// compare reports whether x is better than y, and by what they differ.
func (b *board) compare(u *unit, x, y score) (better bool, by criterion) {
	sign := 1
	if b.strategy == Binpack {
		sign = -1
	}
	switch {
	case x.standby != y.standby:
		return x.standby < y.standby, byStandby
	case x.volumes != y.volumes:
		return x.volumes < y.volumes, byVolumes
	case b.strategy == Random:
		return x.before(y), byHash
	case x.soft != y.soft:
		return x.soft < y.soft, bySoft
	}
	for _, m := range u.services {
		for _, p := range b.services[m].spreadBy {
			counts := b.counts[p.counts]
			if n, o := counts[p.value[x.position]], counts[p.value[y.position]]; n != o {
				return n < o, bySpread
			}
		}
	}
	switch {
	case x.own != y.own:
		return x.own < y.own, byOwn
	case x.load != y.load:
		return int64(sign)*x.load < int64(sign)*y.load, byLoad
	case x.loaded != y.loaded:
		return sign*x.loaded < sign*y.loaded, byContainers
	}
	return x.before(y), byHash
}

// before is which comes first of two that are alike.
func (s score) before(other score) bool {
	return s.hash < other.hash || s.hash == other.hash && s.position < other.position
}

// reason says why the best of the hosts that pass was chosen: by what it differs
// from the others, the weightiest of it.
func (b *board) reason(u *unit, passing int, by criterion, s score) string {
	if u.only >= 0 {
		return "one on each host"
	}
	if passing == 1 {
		return "only host left"
	}
	if b.strategy == Random {
		return "by chance"
	}
	switch by {
	case byStandby:
		return "its standby"
	case byVolumes:
		return "its volume is there"
	case bySoft:
		return "soft rules hold there"
	case bySpread:
		return "spread over " + b.spreadWords(u)
	case byOwn:
		return "fewest of " + b.services[u.title].name
	case byLoad:
		return fmt.Sprintf("%s, %d %%", b.word("least loaded", "most loaded that has room"), s.load/100)
	case byContainers:
		return b.word("fewest containers", "most containers")
	}
	return "hosts are alike"
}

// word is the one of the strategy.
func (b *board) word(spread, binpack string) string {
	if b.strategy == Binpack {
		return binpack
	}
	return spread
}

func (b *board) spreadWords(u *unit) string {
	for _, m := range u.services {
		for _, key := range b.services[m].Preferences {
			return key
		}
	}
	return ""
}
