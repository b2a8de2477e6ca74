package table

import "strings"

// put makes the record of name want.
func (t *Table) put(name string, want *Record) {
	n := t.make(name)
	old := n.record.Load()
	if old != nil && n.epoch != t.epoch {
		t.counts.missing--
	}
	n.epoch = t.epoch
	n.record.Store(want)
	if old != nil && *old == *want {
		return
	}
	if old == nil {
		t.counts.records++
	}
	resum(n, old.Kinds(), want.Kinds())
	t.finder.changed(n, old, want)
	t.point(n, old, want)
	touch(n)
}

// clear takes the record off a node, and the node out if nothing needs it.
func (t *Table) clear(n *Node) {
	old := n.record.Swap(nil)
	if old == nil {
		return
	}
	t.counts.records--
	if n.epoch != t.epoch {
		t.counts.missing--
	}
	// In this order: the reverse name may be n itself, or below it, and takes n
	// out with it then.
	t.prune(n)
	resum(n, old.Kinds(), 0)
	t.finder.changed(n, old, nil)
	t.point(n, old, nil)
	touch(n)
}

// point keeps the reverse name of a record's address naming the record's node. One with a * is
// for names that do not exist, and no name that an address could have.
func (t *Table) point(n *Node, old, want *Record) {
	if old != nil && want != nil && old.Addr == want.Addr {
		if n.pointer != nil {
			touch(n.pointer.owner)
		}
		return
	}
	if n.pointer != nil {
		at := n.pointer.owner
		at.pointers.remove(n.pointer)
		n.pointer = nil
		t.prune(at)
		touch(at)
	}
	if want != nil && want.Addr.IsValid() && !strings.Contains(n.name, "\x01*") {
		at := t.make(reverseName(want.Addr))
		// A new link each time: a reader that stands on the old one must
		// not be led into another address's list.
		n.pointer = &link{node: n, owner: at}
		at.pointers.push(n.pointer)
		touch(at)
	}
}

// sweep clears the records below n that the current Replace did not set.
func (t *Table) sweep(n *Node) {
	for child := n.children.first.Load(); child != nil; child = child.next.Load() {
		t.sweep(child)
	}
	if n.epoch != t.epoch {
		t.clear(n)
	}
}

// make returns the node of name, creating it and its ancestors, parents first.
func (t *Table) make(name string) *Node {
	if n := t.index.get([]byte(name)); n != nil {
		return n
	}
	n := &Node{name: name, parent: t.make(name[1+name[0]:])}
	if n.wildcard() {
		t.stars.Add(1)
	}
	t.index.put(n)
	n.parent.children.push(n)
	count(n, 1)
	t.counts.names++
	return n
}

// count adds to the names of n and of those above that it shows in.
func count(n *Node, more uint32) {
	n.names.Add(more)
	for n.parent != nil && shows(n.parent, n) {
		n = n.parent
		n.names.Add(more)
	}
}

// prune takes n and its ancestors out as far as nothing is left on them.
func (t *Table) prune(n *Node) {
	for n != t.root && n.record.Load() == nil && n.children.empty() && n.pointers.empty() {
		n.parent.children.remove(n)
		count(n, ^uint32(0))
		t.index.remove(n)
		if n.wildcard() {
			t.stars.Add(-1)
		}
		t.counts.names--
		n = n.parent
	}
}
