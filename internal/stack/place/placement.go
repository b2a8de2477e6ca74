package place

import (
	"fmt"

	"rundock/internal/stack"
)

// Strategy is what decides between hosts that are alike in all else.
type Strategy string

// The strategies.
const (
	Spread  Strategy = "spread"
	Binpack Strategy = "binpack"
	Random  Strategy = "random"
)

// Options are a call's own.
type Options struct {
	Strategy  Strategy // "" means Spread
	Lost      []string // hosts that will not come back by themselves: their slots move
	Rebalance bool     // move what is better off elsewhere
}

// Placement is what Plan decides. Where something is refused, none of it is to
// be carried out.
type Placement struct {
	Slots   []Slot    // by service and number
	Refused []Refusal // by service and number
	Gone    []Slot    // slots of before that are no more: scaled down, or without service or host
}

// Slot is where a slot is to be, and why.
type Slot struct {
	stack.Slot
	stack.Place
	Kind  Kind
	Was   string   // its host before; "": it is new
	Why   string   // "volume", "label zone lost"
	Notes []string // what was wished for and does not hold
}

// Kind is what becomes of a slot.
type Kind string

// The kinds.
const (
	New     Kind = "new"
	Kept    Kind = "kept"
	Moved   Kind = "moved"
	Waiting Kind = "waiting" // its data is on Host, which cannot run it now
	Gone    Kind = "gone"
)

// Refusal is a slot that fits nowhere.
type Refusal struct {
	stack.Slot        // Number 0: a global service that no host is for
	Why        string // what each filter took: "port 80 taken on 2 hosts, memory on 1"
}

// String is api.3 refused: port 80 taken on 2 hosts, memory on 1.
func (r Refusal) String() string { return fmt.Sprintf("%s refused: %s", r.Slot, r.Why) }

// String is web.2 node-1 -> node-2 moved: label zone lost.
func (s Slot) String() string {
	line := s.Slot.String() + " "
	switch {
	case s.Kind == Gone:
		line += s.Was
	case s.Kind == Moved:
		line += s.Was + " -> " + s.Host
	default:
		line += s.Host
	}
	line += " " + string(s.Kind) + ": " + s.Why
	for _, note := range s.Notes {
		line += "; " + note
	}
	return line
}

// Moves are the slots that are moved.
func (p Placement) Moves() (moved []Slot) {
	for _, s := range p.Slots {
		if s.Kind == Moved {
			moved = append(moved, s)
		}
	}
	return moved
}

// Places are the slots as a release keeps them, and as the next Plan is given them.
func (p Placement) Places() map[stack.Slot]stack.Place {
	places := make(map[stack.Slot]stack.Place, len(p.Slots))
	for _, s := range p.Slots {
		places[s.Slot] = s.Place
	}
	return places
}
