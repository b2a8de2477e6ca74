package table

// Records returns the records that a name is answered with: its own and those
// below it, nearest first, then by name, so that no order of arrival shows. It
// looks at limit names at most; whole says that there are no more.
func (n *Node) Records(limit int) (found []Entry, whole bool) { return n.collect(limit, shows) }

// Stored is Records with those that do not show in the name.
func (n *Node) Stored(limit int) (found []Entry, whole bool) {
	return n.collect(limit, func(_, _ *Node) bool { return true })
}

// Children returns the names one label below n that show in it.
func (n *Node) Children() []*Node {
	var found []*Node
	for l := n.children.first.Load(); l != nil; l = l.next.Load() {
		if shows(n, l.node) {
			found = append(found, l.node)
		}
	}
	return found
}

func (n *Node) collect(limit int, into func(parent, child *Node) bool) (found []Entry, whole bool) {
	type at struct {
		node  *Node
		depth int
	}
	queue, whole := []at{{n, 0}}, true
	for i := 0; i < len(queue); i++ {
		n, depth := queue[i].node, queue[i].depth
		if r := n.record.Load(); r != nil {
			found = append(found, Entry{n.name, depth, r})
		}
		for l := n.children.first.Load(); l != nil && whole; l = l.next.Load() {
			if into(n, l.node) {
				queue = append(queue, at{l.node, depth + 1})
				whole = len(queue) <= limit
			}
		}
	}
	sortEntries(found)
	return found, whole
}

// Sample returns records that n is answered with, have any of some kinds, and
// qualify; others in each turn. It is for names with more below them than Records looks at, and
// looks through the whole table until it has limit records or, once there is
// one, has looked enough.
func (t *Table) Sample(n *Node, any Kinds, turn uint32, limit int, qualifies func(Entry) bool) []Entry {
	const enough = 1 << 16
	var found []Entry
	slots := *t.index.slots.Load()
	from := int(uint64(turn) * uint64(len(slots)) >> 32)
	for i := 0; i < len(slots) && len(found) < limit && (i < enough || len(found) == 0); i++ {
		node := slots[(from+i)&(len(slots)-1)].node.Load()
		if node == nil || node.Kinds()&any == 0 {
			continue
		}
		r := node.record.Load()
		if depth, in := node.showsIn(n); r != nil && in && qualifies(Entry{node.name, depth, r}) {
			found = append(found, Entry{node.name, depth, r})
		}
	}
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
