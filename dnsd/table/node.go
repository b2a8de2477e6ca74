package table

import (
	"strings"
	"sync/atomic"

	"github.com/miekg/dns"
)

// A Node is a name that exists: it has a record, a descendant, or is the
// reverse name of some record's address.
type Node struct {
	name     string
	version  atomic.Uint32        // another with each change at the node or below it
	kept     atomic.Pointer[kept] // answers, a list
	parent   *Node
	record   atomic.Pointer[Record]
	children children
	pointers list                 // the nodes whose record has this reverse name's address
	next     atomic.Pointer[Node] // in parent.children
	prev     *Node                // of the same; the writer's

	pointer *link         // in the pointers of this record's reverse name; the writer's
	epoch   uint32        // of the last Replace or later that set the record; the writer's
	kinds   atomic.Uint32 // Kinds, of what Records gives
	names   atomic.Uint32 // those that Records looks at
}

// Name is in wire format.
func (n *Node) Name() string { return n.name }

// Own returns the record of exactly this name, or nil.
func (n *Node) Own() *Record { return n.record.Load() }

// Names is how many names there are at n and below it, but for those that do not show in it.
func (n *Node) Names() int { return int(n.names.Load()) }

// Pointers returns the records whose address this reverse name stands for and
// that qualify, by name; where there are more than limit, some of them.
func (n *Node) Pointers(limit int, qualifies func(Entry) bool) []Entry {
	var found []Entry
	for l := n.pointers.first.Load(); l != nil && len(found) < limit; l = l.next.Load() {
		if r := l.node.record.Load(); r != nil && qualifies(Entry{Name: l.node.name, Record: r}) {
			found = append(found, Entry{Name: l.node.name, Record: r})
		}
	}
	sortEntries(found)
	return found
}

// A list is a doubly linked list with one writer and any number of readers
// beside it. Readers go forward only; a link that was removed still leads on
// into the list, so a reader standing on it finishes its walk.
type list struct{ first atomic.Pointer[link] }

// children are a list as well, through the next and prev of nodes.
type children struct{ first atomic.Pointer[Node] }

func (c *children) empty() bool { return c.first.Load() == nil }

func (c *children) push(n *Node) {
	first := c.first.Load()
	n.next.Store(first)
	if first != nil {
		first.prev = n
	}
	c.first.Store(n)
}

func (c *children) remove(n *Node) {
	next := n.next.Load()
	if next != nil {
		next.prev = n.prev
	}
	if n.prev != nil {
		n.prev.next.Store(next)
	} else {
		c.first.Store(next)
	}
}

type link struct {
	node  *Node
	owner *Node // of the list; the writer's
	next  atomic.Pointer[link]
	prev  *link // the writer's
}

func (l *list) empty() bool { return l.first.Load() == nil }

func (l *list) push(k *link) {
	first := l.first.Load()
	k.next.Store(first)
	if first != nil {
		first.prev = k
	}
	l.first.Store(k)
}

func (l *list) remove(k *link) {
	next := k.next.Load()
	if next != nil {
		next.prev = k.prev
	}
	if k.prev != nil {
		k.prev.next.Store(next)
	} else {
		l.first.Store(next)
	}
}

// shows says whether what is at and below a child is part of its parent's
// name. A stored * is for names that do not exist. A label with an underscore
// (RFC 8552) says something about the name above it, such as _acme-challenge,
// or is a further port of it (_tcp), and is asked for by its own name.
func shows(parent, child *Node) bool {
	return !child.wildcard() && (!child.underscored() || parent.underscored())
}

func (n *Node) wildcard() bool { return strings.HasPrefix(n.name, "\x01*") }

func (n *Node) underscored() bool { return len(n.name) > 1 && n.name[1] == '_' }

// touch makes stale what was made from n's records.
func touch(n *Node) {
	for ; n != nil; n = n.parent {
		n.version.Add(1)
	}
}

func (n *Node) presentation() string {
	name, _, err := dns.UnpackDomainName([]byte(n.name), 0)
	if err != nil {
		panic(err) // skydns.Wire made it
	}
	return name
}
