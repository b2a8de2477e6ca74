package table

import (
	"hash/maphash"
	"math/bits"
	"sync"
)

// A finder has the records of each kind, and of each port, so that some of a few
// are found without a look at all the others. The writer changes it with the record.
type finder struct {
	seed  maphash.Seed
	kinds [foundKinds]nodeSet
	ports sync.Map // uint16 -> *nodeSet, each with a record or more
}

// changed has n found by its new record instead of by its old one; each may be nil.
func (f *finder) changed(n *Node, old, now *Record) {
	was, is := old.Kinds()&found, now.Kinds()&found
	for lost := was &^ is; lost != 0; lost &= lost - 1 {
		f.kinds[bits.TrailingZeros32(uint32(lost))].remove(f.seed, n)
	}
	for gained := is &^ was; gained != 0; gained &= gained - 1 {
		f.kinds[bits.TrailingZeros32(uint32(gained))].put(f.seed, n)
	}
	had, has := old.port(), now.port()
	if had == has {
		return
	}
	if had != 0 {
		set, _ := f.ports.Load(had)
		if set := set.(*nodeSet); set.nodes > 1 {
			set.remove(f.seed, n)
		} else {
			f.ports.Delete(had)
		}
	}
	if has != 0 {
		set, _ := f.ports.LoadOrStore(has, new(nodeSet))
		set.(*nodeSet).put(f.seed, n)
	}
}

// Sought are the records that a Sample is to have.
type Sought struct {
	Kind      Kinds  // a single one, but HasRecord
	Port      uint16 // 0: any
	Qualifies func(Entry) bool
}

// among are slots that have all records sought, and others, as few as may be.
func (f *finder) among(s Sought) [][]nodeSlot {
	kinds := s.Kind
	if kinds == HasHost {
		kinds = HasA | HasAAAA | HasName
	}
	var sets [][]nodeSlot
	count := 0
	for ; kinds != 0; kinds &= kinds - 1 {
		slots := f.kinds[bits.TrailingZeros32(uint32(kinds))].all()
		sets, count = append(sets, slots), count+len(slots)
	}
	if s.Port == 0 {
		return sets
	}
	set, known := f.ports.Load(s.Port)
	if !known {
		return nil
	}
	if slots := set.(*nodeSet).all(); len(slots) < count {
		return [][]nodeSlot{slots}
	}
	return sets
}

// enoughLooked is how many slots a Sample looks at once it has a record.
const enoughLooked = 1 << 13

// sample visits the records sought, in an order that is another in each turn, until
// visit, which says whether it wanted the record and whether that was the last, has
// the last; or has one, and enough slots were looked at.
func (t *Table) sample(s Sought, turn uint32, enough int, visit func(*Node, *Record) (wanted, last bool)) {
	sets, count := t.finder.among(s), 0
	for _, slots := range sets {
		count += len(slots)
	}
	some := false
	at := int(uint64(turn) * uint64(count) >> 32)
	for i := 0; i < count && (i < enough || !some); i++ {
		n := slotAt(sets, at)
		if at++; at == count {
			at = 0
		}
		if n == nil || n == removed {
			continue
		}
		r := n.record.Load()
		if r.Kinds()&s.Kind == 0 || s.Port != 0 && r.Port != s.Port {
			continue
		}
		wanted, last := visit(n, r)
		if last {
			return
		}
		some = some || wanted
	}
}

// slotAt is the node in slot i of all sets together.
func slotAt(sets [][]nodeSlot, i int) *Node {
	for _, slots := range sets {
		if i < len(slots) {
			return slots[i].Load()
		}
		i -= len(slots)
	}
	return nil
}

// Sample returns at most limit of the records sought that n is answered with, others in each
// turn; none only where there are none. It is for names with more below
// them than Records is to look at.
func (t *Table) Sample(n *Node, s Sought, turn uint32, limit int) []Entry {
	var found []Entry
	t.sample(s, turn, enoughLooked, func(node *Node, r *Record) (wanted, last bool) {
		depth, in := node.showsIn(n)
		if e := (Entry{node.name, depth, r}); in && s.Qualifies(e) {
			found = append(found, e)
			return true, len(found) == limit
		}
		return false, false
	})
	sortEntries(found)
	return found
}

// showsIn says whether a node's record is among those of a name at it or above, and
// how many labels are between them.
func (n *Node) showsIn(name *Node) (depth int, in bool) {
	for ; n != name; n = n.parent {
		if n.parent == nil || !shows(n.parent, n) {
			return 0, false
		}
		depth++
	}
	return depth, true
}
