package table

import (
	"slices"

	"rundock/dnsd/packed"
)

// A node keeps the answers that were given for its name, one for each type
// asked, packed to be sent again. They are made when first asked for: a table
// of a million names is loaded without packing any, and one change costs
// nothing but the answers it changes.
//
// An answer is right as long as nothing changed that it was made from. So a
// change raises the version of its node and of all nodes above, whose answers
// have its record in them, and an answer is kept with the versions it has
// seen. Whoever reads compares: the change is visible with the next query.
//
// kept is one of a node's answers in a list that does not change once it can be seen.
type kept struct {
	version uint32 // of the node
	next    *kept  // of another type
	qtype   uint16
	nothing bool          // there is nothing of the type
	answer  packed.Answer // else
	seen    []Seen        // other nodes the answer depends on
}

// Bounds of what a node keeps; questions beyond are answered anew each time.
const (
	maxKept = 16
	maxSeen = 8
)

// Seen is a node as it was when it was looked up: what changed since makes an
// answer stale.
type Seen struct {
	node    *Node
	version uint32
}

func (s *Seen) stale() bool { return s.node.version.Load() != s.version }

// Answer returns the answer kept for a type, nil if it was kept that nothing
// of the type is there. Not ok: none is kept, or something that it was made
// from has changed.
func (n *Node) Answer(qtype uint16) (a *packed.Answer, ok bool) {
	k := n.kept.Load()
	for k != nil && k.qtype != qtype {
		k = k.next
	}
	if k == nil || k.version != n.version.Load() {
		return nil, false
	}
	for i := range k.seen {
		if k.seen[i].stale() {
			return nil, false
		}
	}
	if k.nothing {
		return nil, true
	}
	return &k.answer, true
}

// Keep keeps an answer, which may be nil, for a type at seen[0]'s node. It was made from what
// was below all of seen. What is stale already is not kept.
func Keep(seen []Seen, qtype uint16, a *packed.Answer) {
	n, version := seen[0].node, seen[0].version
	if len(seen) > 1+maxSeen || seen[0].stale() {
		return
	}
	k := &kept{version: version, qtype: qtype, nothing: a == nil}
	if a != nil {
		k.answer = *a
	}
	if len(seen) > 1 {
		k.seen = slices.Clip(seen[1:])
	}
	old := n.kept.Load()
	if old != nil && old.version == version {
		var count int
		if k.next, count = old.without(qtype); count >= maxKept {
			return
		}
	}
	n.kept.CompareAndSwap(old, k) // else somebody else was faster, and this one's turn comes
}

// without returns the answers from k on, and how many they are, less that for
// a type. Those in front of it are copied: a reader may stand on them.
func (k *kept) without(qtype uint16) (*kept, int) {
	if k == nil {
		return nil, 0
	}
	rest, count := k.next.without(qtype)
	if k.qtype == qtype {
		return rest, count
	}
	if rest == k.next {
		return k, count + 1
	}
	copied := *k
	copied.next = rest
	return &copied, count + 1
}
