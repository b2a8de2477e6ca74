package table

import (
	"hash/maphash"
	"sync/atomic"
)

// A nodeSet is a hash set of nodes with one writer and any number of readers
// beside it, who look at its slots in the order of hashes. A node never moves
// within the slots that a reader has; when they fill up, the writer makes others.
type nodeSet struct {
	slots atomic.Pointer[[]nodeSlot] // a power of two of them, of which at most three quarters are not empty; nil: no node yet
	nodes int
	taken int // slots that are not empty: those of nodes, and of nodes removed since
}

type nodeSlot = atomic.Pointer[Node]

// removed is in the slot of a node that was removed, as others of its hash may follow.
var removed = new(Node)

const fewestInSet = 8

// put adds a node that is not there yet.
func (s *nodeSet) put(seed maphash.Seed, n *Node) {
	if slots := s.all(); 4*(s.taken+1) > 3*len(slots) {
		s.renew(seed, slots)
	}
	s.take(seed, s.all(), n)
	s.nodes++
}

func (s *nodeSet) take(seed maphash.Seed, slots []nodeSlot, n *Node) {
	for i := maphash.String(seed, n.name); ; i++ {
		at := &slots[i&uint64(len(slots)-1)]
		was := at.Load()
		if was != nil && was != removed {
			continue
		}
		if was == nil {
			s.taken++
		}
		at.Store(n)
		return
	}
}

// remove takes out a node that is there.
func (s *nodeSet) remove(seed maphash.Seed, n *Node) {
	slots := s.all()
	for i := maphash.String(seed, n.name); ; i++ {
		if at := &slots[i&uint64(len(slots)-1)]; at.Load() == n {
			at.Store(removed)
			s.nodes--
			return
		}
	}
}

// renew makes slots for the nodes there are, and for half as many more at least.
func (s *nodeSet) renew(seed maphash.Seed, old []nodeSlot) {
	count := fewestInSet
	for 4*(s.nodes+s.nodes/2+1) > 3*count {
		count *= 2
	}
	slots := make([]nodeSlot, count)
	s.taken = 0
	for i := range old {
		if n := old[i].Load(); n != nil && n != removed {
			s.take(seed, slots, n)
		}
	}
	s.slots.Store(&slots)
}

// all are the slots, also of a set that is nil.
func (s *nodeSet) all() []nodeSlot {
	if s == nil {
		return nil
	}
	if slots := s.slots.Load(); slots != nil {
		return *slots
	}
	return nil
}
