package place

import (
	"slices"

	"rundock/internal/stack"
)

// board is who is where, at one moment of the decision.
type board struct {
	stack    stack.Stack
	strategy Strategy
	hosts    []*hostState // by name
	byName   map[string]int
	services []*service // by name
	rules    []*rule    // affinities
	shapes   []*shape
	units    []*unit
	counts   [][]int      // instances of a preference's service by value of its key
	singles  map[int]bool // ports that a service has no choice of

	version int // grows with each put and take
	trail   []step

	displaceable int // units that may still be moved out of the way
	fuel         int // looks at a host that are left to the search
}

// step is a put or take that the search may undo.
type step struct {
	unit  *unit
	host  int
	put   bool
	ports []int // that the unit left
}

// hostState is a host, with what is put there.
type hostState struct {
	*Host
	state      State
	hash       uint64
	cpu        int
	memory     int64
	ports      map[int][]taker
	had        map[int][]stack.Slot // whose port it was, out of a range
	containers int
	units      []*unit
	own        []int // instances by service
	matched    []int // instances that an affinity names, by rule
	repelled   []int // units whose hard affinity must name nothing, by rule
	attracted  []int // units whose hard affinity must name something, by rule
}

// service is one of the stack's.
type service struct {
	*stack.Service
	name         string
	constraints  []*matcher
	affinities   []int // rules
	preferences  []int // of board.counts, in order
	spreadBy     []preference
	volumes      []string // Docker's names of those that hold an instance on its host
	externals    []string // Docker's names of those that have to be there
	networks     []string // Docker's names of those that have to be there
	need         stack.Amount
	ports        []port
	architecture string // of its platform; "": any
	mostWords    string // of MaxPerHost, for reasons
	softMissed   []int  // soft constraints that do not hold, by host
}

// preference is over which values of a key a service is spread.
type preference struct {
	counts int   // of board.counts
	value  []int // of each host
}

// rule is an affinity of one or several services.
type rule struct {
	*matcher
	what    string
	foreign []bool // by host: something that is not the stack's is named
	total   int    // instances that it names, wherever
	outside int    // hosts with something foreign that it names
	named   []bool // by service: some slot of it is named
}

// shape is what units of the same services have in common.
type shape struct {
	services []int
	title    int // the service that the others join
	need     stack.Amount
	ports    []port
	barred   []took // by host: what takes it whoever else is there; zero: nothing
	eligible []bool // by host, of a global service: it is meant for it
	maximum  bool   // a service has MaxPerHost
	level    int    // how many others are placed before, as affinities name them
	choices  int    // hosts that pass when its level is placed
	failed   *unit  // one of it that fitted nowhere, even by moves
	failedAt int    // board.version then
}

// unit is the slots of one number of a pod.
type unit struct {
	*shape
	number      int
	slots       []slot
	hash        uint64
	host        int           // -1: nowhere
	was         int           // -1: new, or on a host that is not known
	away        string        // a host of before that is not known
	holds       []string      // volumes by which it may not leave
	only        int           // the one host of a global service's; -1: any
	standby     int           // its standby before; -1: none
	standbyAway string        // a host of its standby before that is not known
	fixed       bool          // it is not moved out of anybody's way now
	taken       []int         // ports, as put took them
	standbyHas  []int         // ports of its standby
	had         map[int][]int // by host: the ports that it had there, 0 where it has a new one
	matched     []int         // rules that name it, once for each slot
	because     string        // why it is where it is, or why it left
	waits       string        // why it cannot run where its data is
	split       string        // on which hosts its volumes are, if on several
	index       int           // of board.units
}

type slot struct {
	stack.Slot
	before  stack.Place // zero: it is new
	matched []int       // rules that name it
}

// filter is what takes a host.
type filter int

// The filters, in order.
const (
	none filter = iota
	byState
	byConstraint
	byVolume
	byNetwork
	byMaximum
	byPort
	byAffinity
	byMemory
	byCPU
)

// took is which filter takes a host, and what of it.
type took struct {
	filter
	what  string
	index int // of the port, or of the rule
}

// words name the filter without hosts: port 80 taken, memory.
func (t took) words() string {
	switch t.filter {
	case byMemory:
		return "memory"
	case byCPU:
		return "cpus"
	}
	return t.what
}

// look says what takes a host for u, which is nowhere; zero: it passes.
func (b *board) look(u *unit, at int) took { return b.lookFor(u, at, true) }

// lookFor is look; without attracted, what u's affinities must be with need not be
// there yet.
func (b *board) lookFor(u *unit, at int, attracted bool) took {
	b.fuel--
	if t := u.barred[at]; t.filter != none {
		return t
	}
	if u.only >= 0 && u.only != at {
		return took{filter: byConstraint, what: "another host"}
	}
	h := b.hosts[at]
	if h.state == Paused && u.was != at {
		return took{filter: byState, what: string(Paused)}
	}
	if u.maximum {
		for _, s := range u.services {
			if most := b.services[s].MaxPerHost; most > 0 && h.own[s] >= most {
				return took{byMaximum, b.services[s].mostWords, s}
			}
		}
	}
	if _, missing := b.portsFor(u, at); missing >= 0 {
		return took{byPort, u.ports[missing].what, missing}
	}
	if t := b.lookAround(u, at, attracted); t.filter != none {
		return t
	}
	if u.need.Memory > 0 && !fits(h.memory+u.need.Memory, h.Memory) {
		return took{filter: byMemory}
	}
	if u.need.CPU > 0 && !fits(int64(h.cpu+u.need.CPU), int64(h.CPU)) {
		return took{filter: byCPU}
	}
	return took{}
}

// fits reports whether a host bears so much, with 5 % of overcommit.
func fits(used, total int64) bool { return total == 0 || used*100 <= total*105 }

// lookAround is look for affinities alone: those of u, and those of who is there.
func (b *board) lookAround(u *unit, at int, attracted bool) took {
	h := b.hosts[at]
	for _, s := range u.services {
		for _, r := range b.services[s].affinities {
			if rule := b.rules[r]; !rule.Soft && (rule.Not || attracted) && !b.agrees(u, s, r, at) {
				return took{byAffinity, rule.what, r}
			}
		}
	}
	for _, r := range u.matched {
		if h.repelled[r] > 0 {
			return took{byAffinity, "affinity of " + b.rules[r].what + " there", r}
		}
	}
	return took{}
}

// agrees reports whether a rule of one of u's services holds on a host. Neither
// the slot's own container counts, nor where it must name nothing those of its
// pod. A rule that names its own service's is no rule for the first of them.
func (b *board) agrees(u *unit, s, r, at int) bool {
	rule := b.rules[r]
	there := rule.foreign[at] || b.hosts[at].matched[r] > 0
	if rule.Not {
		return !there
	}
	if there {
		return true
	}
	own, others := false, false
	for i := range u.slots {
		if slices.Contains(u.slots[i].matched, r) {
			own = own || u.services[i] == s
			others = others || u.services[i] != s
		}
	}
	return others || own && rule.total == 0 && rule.outside == 0
}

// put puts u on a host.
func (b *board) put(u *unit, at int) {
	b.enter(u, at)
	b.trail = append(b.trail, step{unit: u, host: at, put: true})
}

// take takes u off its host.
func (b *board) take(u *unit) {
	b.trail = append(b.trail, step{unit: u, host: u.host, ports: u.taken})
	b.leave(u)
}

// undo goes back to where the trail was so long.
func (b *board) undo(length int) {
	for len(b.trail) > length {
		last := b.trail[len(b.trail)-1]
		b.trail = b.trail[:len(b.trail)-1]
		if last.put {
			b.leave(last.unit)
		} else {
			b.seat(last.unit, last.host, last.ports)
		}
	}
}

// enter has u be on a host, with ports that are free there.
func (b *board) enter(u *unit, at int) {
	numbers, _ := b.portsFor(u, at)
	b.seat(u, at, numbers)
}

// seat is enter with ports that are given.
func (b *board) seat(u *unit, at int, numbers []int) {
	h := b.hosts[at]
	u.host, u.taken = at, numbers
	for i, number := range numbers {
		h.ports[number] = append(h.ports[number], taker{u.ports[i].on[at], u})
	}
	h.units = append(h.units, u)
	b.count(u, 1)
}

// leave takes u off its host. It remembers its ports, for seat.
func (b *board) leave(u *unit) {
	h := b.hosts[u.host]
	for _, number := range u.taken {
		h.ports[number] = slices.DeleteFunc(h.ports[number], func(t taker) bool { return t.unit == u })
	}
	at := slices.Index(h.units, u)
	h.units[at] = h.units[len(h.units)-1]
	h.units = h.units[:len(h.units)-1]
	b.count(u, -1)
	u.host = -1
}

// count counts u in, or out by -1.
func (b *board) count(u *unit, by int) {
	h := b.hosts[u.host]
	b.version++
	h.cpu += by * u.need.CPU
	h.memory += int64(by) * u.need.Memory
	h.containers += by * len(u.services)
	for _, s := range u.services {
		h.own[s] += by
		for _, p := range b.services[s].spreadBy {
			b.counts[p.counts][p.value[u.host]] += by
		}
		for _, r := range b.services[s].affinities {
			switch rule := b.rules[r]; {
			case rule.Soft:
			case rule.Not:
				h.repelled[r] += by
			default:
				h.attracted[r] += by
			}
		}
	}
	for _, r := range u.matched {
		h.matched[r] += by
		b.rules[r].total += by
	}
}
