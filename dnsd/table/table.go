// Package table holds every record of the store by DNS name, in a form
// that is updated where it changed and read without locks.
//
// It is a tree of labels (so that a name finds its descendants) with an index
// from whole names to nodes (so that a lookup does not walk labels). One
// writer at a time replaces atomic pointers; readers follow them. A reader
// running beside a writer sees each record as it was before or after, never
// half of one. A node also keeps the answers that were made for its name, and
// knows when they are out of date. Names are in wire format and lower case, as a query carries
// them: "\x03web\x07example\x03com\x00".
//
//	table.go    what readers see of all of it; index.go: from name to node
//	node.go     a name; record.go: its record; kinds.go: what is at and below it
//	answers.go  the answers a node keeps; below.go: the records it is answered with
//	sample.go   some of very many records; form.go: of names with * or any; nodeset.go: where they are found
//	batch.go    lists and changes of the store; slashed.go: two keys of one name
//	write.go    one record set or cleared, and what hangs on it
package table

import (
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"rundock/internal/skydns"
)

// A Table is fed by Replace and Update and read by Lookup. The zero value is
// not usable; New makes one.
type Table struct {
	prefix string

	writing sync.Mutex // locked by Replace and Update; guards what follows
	bad     map[string]string
	slashed map[string]*Record // by name, those of keys with a final slash
	epoch   uint32

	index  index
	finder finder
	root   *Node
	state  atomic.Pointer[State]
	stars  atomic.Int64 // names that begin with the label *
	counts struct{ records, names, missing int }
}

// State is what a table knows about itself.
type State struct {
	Revision int64     // of the store, at the last batch
	Applied  time.Time // when the last batch was applied
	Records  int       // keys with a well-formed value
	Names    int       // names that exist, empty non-terminals included
	Bad      int       // keys without a well-formed value, or that are no name
	Missing  int       // of Records: those the last Replace did not give, kept until DropMissing
}

// A Bad key is one that is skipped, with the reason.
type Bad struct{ Key, Reason string }

// New returns an empty table of the keys under prefix ("/skydns").
func New(prefix string) *Table {
	t := &Table{prefix: prefix, bad: map[string]string{}}
	t.root = &Node{name: "\x00"}
	t.root.names.Store(1)
	t.index.init()
	t.finder.seed = t.index.seed
	t.index.put(t.root)
	return t
}

// State returns nil until the first batch.
func (t *Table) State() *State { return t.state.Load() }

// Lookup returns the node of a lower-case wire name, or nil when neither the
// name nor anything below it exists.
func (t *Table) Lookup(name []byte) *Node { return t.index.get(name) }

// Wildcards is how many stored names begin with the label *.
func (t *Table) Wildcards() int64 { return t.stars.Load() }

// Missing returns the keys of records that are kept though missing, at most
// limit.
func (t *Table) Missing(limit int) (keys []string) {
	t.writing.Lock()
	defer t.writing.Unlock()
	t.walk(t.root, func(n *Node) bool {
		if n.record.Load() != nil && n.epoch != t.epoch {
			keys = append(keys, t.key(n))
		}
		return len(keys) < limit
	})
	return keys
}

// All gives each record with its key, in no order, beside a writer: a change
// made meanwhile may be in it or not.
func (t *Table) All() iter.Seq2[string, *Record] {
	return func(yield func(string, *Record) bool) {
		t.walk(t.root, func(n *Node) bool {
			r := n.record.Load()
			return r == nil || yield(t.key(n), r)
		})
	}
}

// Named is All with the names, in presentation format, instead of the keys.
func (t *Table) Named() iter.Seq2[string, *Record] {
	return func(yield func(string, *Record) bool) {
		t.walk(t.root, func(n *Node) bool {
			r := n.record.Load()
			return r == nil || yield(n.presentation(), r)
		})
	}
}

// walk visits n and all below it, parents first, until visit says no.
func (t *Table) walk(n *Node, visit func(*Node) bool) bool {
	if !visit(n) {
		return false
	}
	for child := n.children.first.Load(); child != nil; child = child.next.Load() {
		if !t.walk(child, visit) {
			return false
		}
	}
	return true
}

func (t *Table) key(n *Node) string { return skydns.Key(t.prefix, n.presentation()) }

// See is Lookup with what to hold an answer against: the node, or where there
// is none the one above it that would get it.
func (t *Table) See(name []byte) (*Node, Seen) {
	for {
		at := name
		n := t.index.get(at)
		for n == nil {
			at = at[1+at[0]:]
			n = t.index.get(at)
		}
		seen := Seen{n, n.version.Load()}
		if len(at) == len(name) {
			return n, seen
		}
		if t.index.get(name) == nil {
			return nil, seen
		}
	}
}
