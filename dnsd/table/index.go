package table

import (
	"hash/maphash"
	"sync/atomic"
)

// An index is a hash table from wire names to nodes with one writer and any
// number of readers beside it. Its slots lie side by side, those of one hash
// from its place on until an empty one: a look-up meets the memory of a slot, of
// the node and of its name, and mostly no other. A node never moves within the
// slots that a reader has; when they fill up, the writer makes others.
type index struct {
	seed  maphash.Seed
	slots atomic.Pointer[[]slot] // a power of two of them, at most half of which are not empty
	names int
	taken int // slots that are not empty: those of names, and of names removed since
}

// A slot is empty while its hash is 0. A reader may see the hash of one name
// with the node of another: the node's name decides.
type slot struct {
	hash atomic.Uint64
	node atomic.Pointer[Node] // nil: the name was removed
}

const fewestSlots = 64

func (x *index) init() {
	x.seed = maphash.MakeSeed()
	slots := make([]slot, fewestSlots)
	x.slots.Store(&slots)
}

// taking is a bit that all hashes have, so that none is 0.
const taking = 1 << 63

func (x *index) get(name []byte) *Node {
	hash := maphash.Bytes(x.seed, name) | taking
	slots := *x.slots.Load()
	for i := hash; ; i++ {
		s := &slots[i&uint64(len(slots)-1)]
		switch s.hash.Load() {
		case hash:
			if n := s.node.Load(); n != nil && n.name == string(name) {
				return n
			}
		case 0:
			return nil
		}
	}
}

// put adds a node whose name is not there yet.
func (x *index) put(n *Node) {
	slots := *x.slots.Load()
	if 2*(x.taken+1) > len(slots) {
		slots = x.renew(slots)
	}
	x.take(slots, maphash.String(x.seed, n.name)|taking, n)
	x.names++
}

// take puts a node in the first slot of its hash that has none.
func (x *index) take(slots []slot, hash uint64, n *Node) {
	for i := hash; ; i++ {
		s := &slots[i&uint64(len(slots)-1)]
		if s.node.Load() != nil {
			continue
		}
		if s.hash.Load() == 0 {
			x.taken++
		}
		s.node.Store(n) // before the hash, by which readers find it
		s.hash.Store(hash)
		return
	}
}

// remove takes out a node that is there.
func (x *index) remove(n *Node) {
	slots := *x.slots.Load()
	for i := maphash.String(x.seed, n.name); ; i++ {
		if s := &slots[i&uint64(len(slots)-1)]; s.node.Load() == n {
			s.node.Store(nil)
			x.names--
			return
		}
	}
}

// renew makes slots for the names there are, and for half as many more at least.
func (x *index) renew(old []slot) []slot {
	count := fewestSlots
	for count < 3*x.names {
		count *= 2
	}
	slots := make([]slot, count)
	x.taken = 0
	for i := range old {
		if n := old[i].node.Load(); n != nil {
			x.take(slots, old[i].hash.Load(), n)
		}
	}
	x.slots.Store(&slots)
	return slots
}
