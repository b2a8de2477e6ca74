package pathmtu

import (
	"slices"
	"time"

	"rundock/internal/overlay"
)

// search looks for the largest packet that passes to one peer. Each round
// asks for an answer to packets of some sizes, and to a control, which is as
// small as can be.
//
// An answer proves that a size passes. Silence proves nothing: a packet may
// have been lost, and so may its answer, or the peer be away. A size is taken
// for too large once proof controls have been answered that were sent along
// with it, and it never was. As long as what is lost has nothing to do with
// size, control and size are as likely to be answered first; at least 2*proof
// controls go before a value smaller than the known, which chance alone brings
// about less than once in 2^(2*proof) searches. It is pure.
type search struct {
	full, known int // the network's MTU, and what was found last

	low  int // largest that was answered; 0: none
	high int // smallest that is taken for too large

	sizes []int // asked for, falling
	wide  bool  // they are spread over all there are
	hints []int

	rounds   int
	since    int // round that asked for sizes first
	control  int // last round whose control was answered
	answered int // controls, since sizes were chosen
	all      int // controls, since the beginning
	quiet    int // rounds since anything was answered
}

const (
	proof      = 12 // controls
	spreadOver = 16 // sizes of one round
	plain      = 3  // rounds that ask for what is expected alone: most losses are just that

	gaveNothing = 3  // rounds: a peer that does not answer at all
	gaveUp      = 10 // rounds: one that has answered before
)

// Pauses after a round.
const (
	plainPause  = 500 * time.Millisecond
	searchPause = 100 * time.Millisecond
)

// newSearch begins a search. A hint is what was found of other peers:
// paths have their narrow places in common.
func newSearch(full, known, hint int) *search {
	s := &search{full: full, known: min(known, full), high: full + 1}
	s.choose(s.known, s.known+1)
	s.hints = []int{hint, hint + 1}
	return s
}

// choose takes these sizes, as far as they are still in question, and always
// the full one: it may pass after all.
func (s *search) choose(sizes ...int) {
	sizes = slices.DeleteFunc(append(sizes, s.full), func(size int) bool { return size <= s.low || size > s.full || size < overlay.MinMTU })
	slices.Sort(sizes)
	s.sizes = slices.Compact(sizes)
	slices.Reverse(s.sizes)
	s.since, s.answered = s.rounds, 0
}

// round returns the sizes to ask for now, falling, and how long to wait then.
func (s *search) round() ([]int, time.Duration) {
	s.rounds++
	s.quiet++
	switch {
	case !s.wide && s.rounds > plain && s.heard():
		s.wide = true
		s.choose(append(s.between(), append(s.hints, s.known, s.known+1)...)...)
	case s.wide && s.answered >= proof:
		if s.high = s.smallest(); s.high-max(s.low, overlay.MinMTU-1) > 1 {
			s.choose(append(s.between(), s.high)...)
		}
	}
	if s.wide {
		return s.unanswered(), searchPause
	}
	return s.unanswered(), plainPause
}

// between are sizes spread evenly from low to high, and at least the one
// below high.
func (s *search) between() []int {
	low := max(s.low, overlay.MinMTU-1)
	n := s.high - low - 1
	var sizes []int
	for i := 1; i <= spreadOver; i++ {
		sizes = append(sizes, low+(i*n+spreadOver-1)/spreadOver)
	}
	return sizes
}

func (s *search) unanswered() []int {
	return slices.DeleteFunc(slices.Clone(s.sizes), func(size int) bool { return size <= s.low })
}

// smallest of the sizes that were asked for and not answered.
func (s *search) smallest() int {
	if left := s.unanswered(); len(left) > 0 {
		return left[len(left)-1]
	}
	return s.high
}

// answer is one to a packet of a size.
func (s *search) answer(size int) {
	s.quiet = 0
	s.low = max(s.low, min(size, s.full))
	if s.low >= s.high { // it was taken for too large wrongly
		s.high = s.full + 1
		s.choose(s.between()...)
		s.since++
	}
}

// controlAnswered is an answer to the control of a round.
func (s *search) controlAnswered(round int) {
	if round <= s.control || round > s.rounds {
		return
	}
	s.control = round
	s.quiet = 0
	s.all++
	if round >= s.since {
		s.answered++
	}
}

// over reports whether there is nothing left to ask. The MTU is 0 if nothing
// was found out, and where not even minMTU passes.
func (s *search) over() (mtu int, over bool) {
	switch {
	case s.low == s.full:
		return s.full, true
	case !s.wide && s.low == s.known:
		return s.known, true // the path is no larger than before, or not much
	case s.quiet >= gaveUp, s.quiet >= gaveNothing && !s.heard():
		return 0, true
	case s.wide && s.answered >= proof && s.all >= 2*proof && s.smallest()-max(s.low, overlay.MinMTU-1) == 1:
		if s.low == 0 {
			return 0, true
		}
		return s.low, true
	}
	return 0, false
}

// heard reports whether anything was answered.
func (s *search) heard() bool { return s.all+s.low > 0 }
