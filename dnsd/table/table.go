// Package table holds every record of the registry by DNS name, in a form
// that is updated where it changed and read without locks.
//
// It is a tree of labels (so that a name finds its descendants) with an index
// from whole names to nodes (so that a lookup does not walk labels). One
// writer at a time replaces atomic pointers; readers follow them. A reader
// running beside a writer sees each record as it was before or after, never
// half of one. A node also keeps the answers that were made for its name, and
// knows when they are out of date. Names are in wire format and lower case, as a query carries
// them: "\x03web\x07example\x03com\x00".
package table

import (
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rundock/internal/skydns"

	"github.com/miekg/dns"
)

// A Table is fed by Replace and Update and read by Lookup. The zero value is
// not usable; New makes one.
type Table struct {
	prefix string

	writing sync.Mutex // held by Replace and Update; guards what follows
	bad     map[string]string
	slashed map[string]*Record // by name, those of keys with a final slash
	epoch   uint32

	index  index
	root   *Node
	state  atomic.Pointer[State]
	stars  atomic.Int64 // names that begin with the label *
	counts struct{ records, names, missing int }
}

// State is what a table knows about itself.
type State struct {
	Revision int64     // of the registry, at the last batch
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
	t.root.self.node = t.root
	t.index.init()
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

// Replace makes the table hold exactly pairs, additions before deletions. Bad
// keys are those that were not bad for the same reason before.
func (t *Table) Replace(revision int64, pairs iter.Seq2[string, []byte]) []Bad {
	return t.ReplaceUnless(revision, pairs, func(int, int) bool { return false })
}

// ReplaceUnless is Replace that keeps the records missing from pairs where
// hold, told how many there were and how many of them are missing, says so.
// They stay until DropMissing, or until a change of their key.
func (t *Table) ReplaceUnless(revision int64, pairs iter.Seq2[string, []byte], hold func(known, missing int) bool) []Bad {
	t.writing.Lock()
	defer t.writing.Unlock()
	t.epoch++
	known := t.counts.records
	t.counts.missing = known
	before := t.bad
	t.bad, t.slashed = make(map[string]string, len(before)), nil
	var news []Bad
	for key, value := range pairs {
		if reason := t.set(key, value); reason != "" && before[key] != reason {
			news = append(news, Bad{key, reason})
		}
	}
	if t.counts.missing > 0 && !hold(known, t.counts.missing) {
		t.sweep(t.root)
	}
	t.publish(revision)
	return news
}

// DropMissing clears the records that were kept, and returns how many.
func (t *Table) DropMissing() (dropped int) {
	t.writing.Lock()
	defer t.writing.Unlock()
	dropped = t.counts.missing
	if state := t.state.Load(); dropped > 0 {
		t.sweep(t.root)
		t.publish(state.Revision)
	}
	return dropped
}

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
	for l := n.children.first.Load(); l != nil; l = l.next.Load() {
		if !t.walk(l.node, visit) {
			return false
		}
	}
	return true
}

func (t *Table) key(n *Node) string { return skydns.Key(t.prefix, n.presentation()) }

func (n *Node) presentation() string {
	name, _, err := dns.UnpackDomainName([]byte(n.name), 0)
	if err != nil {
		panic(err) // skydns.Wire made it
	}
	return name
}

// Update applies changes in order; a nil value deletes. A key whose new value
// is bad loses its old one: the table never holds what the registry does not.
func (t *Table) Update(revision int64, changes iter.Seq2[string, []byte]) []Bad {
	t.writing.Lock()
	defer t.writing.Unlock()
	var news []Bad
	for key, value := range changes {
		was := t.bad[key]
		if reason := t.set(key, value); reason != "" && was != reason {
			news = append(news, Bad{key, reason})
		}
	}
	t.publish(revision)
	return news
}

func (t *Table) publish(revision int64) {
	t.state.Store(&State{
		Revision: revision, Applied: time.Now(),
		Records: t.counts.records, Names: t.counts.names, Bad: len(t.bad), Missing: t.counts.missing,
	})
}

// set makes one key hold value, or nothing, and returns why a value is bad.
func (t *Table) set(key string, value []byte) (reason string) {
	delete(t.bad, key)
	name, err := skydns.Wire(t.prefix, key)
	if err != nil {
		if value != nil {
			t.bad[key] = err.Error()
			return err.Error()
		}
		return ""
	}
	var want *Record
	if value != nil {
		r, err := skydns.Parse(value)
		if err == nil {
			want, err = newRecord(r)
		}
		if err != nil {
			t.bad[key] = err.Error()
			reason, want = err.Error(), nil
		}
	}
	if strings.HasSuffix(key, "/") {
		t.setSlashed(name, want)
	} else {
		t.setPlain(name, want)
	}
	return reason
}

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
	t.point(n, old, nil)
	touch(n)
}

// point keeps the reverse name of a record's address naming the record's node.
func (t *Table) point(n *Node, old, want *Record) {
	if old != nil && want != nil && old.Addr == want.Addr {
		if n.pointer != nil {
			touch(n.pointer.owner)
		}
		return
	}
	if old != nil && old.Addr.IsValid() {
		at := n.pointer.owner
		at.pointers.remove(n.pointer)
		n.pointer = nil
		t.prune(at)
		touch(at)
	}
	if want != nil && want.Addr.IsValid() {
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
	for l := n.children.first.Load(); l != nil; l = l.next.Load() {
		t.sweep(l.node)
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
	n.self.node = n
	if n.wildcard() {
		t.stars.Add(1)
	}
	t.index.put(n)
	n.parent.children.push(&n.self)
	t.counts.names++
	return n
}

// prune takes n and its ancestors out as far as nothing is left on them.
func (t *Table) prune(n *Node) {
	for n != t.root && n.record.Load() == nil && n.children.empty() && n.pointers.empty() {
		n.parent.children.remove(&n.self)
		t.index.remove(n)
		if n.wildcard() {
			t.stars.Add(-1)
		}
		t.counts.names--
		n = n.parent
	}
}
