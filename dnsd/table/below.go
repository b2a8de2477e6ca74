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
	for child := n.children.first.Load(); child != nil; child = child.next.Load() {
		if shows(n, child) {
			found = append(found, child)
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
		for child := n.children.first.Load(); child != nil && whole; child = child.next.Load() {
			if into(n, child) {
				queue = append(queue, at{child, depth + 1})
				whole = len(queue) <= limit
			}
		}
	}
	sortEntries(found)
	return found, whole
}
