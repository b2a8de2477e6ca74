package table

import (
	"hash/maphash"
	"sync/atomic"
)

// An index is a hash table from wire names to nodes with one writer and any
// number of readers beside it. A bucket is a chain of entries that never
// change once they can be seen; the writer replaces the head.
type index struct {
	seed    maphash.Seed
	buckets atomic.Pointer[[]atomic.Pointer[entry]] // a power of two of them
	size    int
}

type entry struct {
	hash uint64
	node *Node
	next *entry
}

func (x *index) init() {
	x.seed = maphash.MakeSeed()
	buckets := make([]atomic.Pointer[entry], 64)
	x.buckets.Store(&buckets)
}

func (x *index) get(name []byte) *Node {
	hash := maphash.Bytes(x.seed, name)
	buckets := *x.buckets.Load()
	for e := buckets[hash&uint64(len(buckets)-1)].Load(); e != nil; e = e.next {
		if e.hash == hash && e.node.name == string(name) {
			return e.node
		}
	}
	return nil
}

// put adds a node whose name is not there yet.
func (x *index) put(n *Node) {
	buckets := *x.buckets.Load()
	if x.size >= len(buckets) {
		buckets = x.grow(buckets)
	}
	hash := maphash.String(x.seed, n.name)
	head := &buckets[hash&uint64(len(buckets)-1)]
	head.Store(&entry{hash, n, head.Load()})
	x.size++
}

// remove takes out a node that is there.
func (x *index) remove(n *Node) {
	buckets := *x.buckets.Load()
	hash := maphash.String(x.seed, n.name)
	head := &buckets[hash&uint64(len(buckets)-1)]
	var kept *entry
	for e := head.Load(); e != nil; e = e.next {
		if e.node != n {
			kept = &entry{e.hash, e.node, kept}
		}
	}
	head.Store(kept)
	x.size--
}

func (x *index) grow(old []atomic.Pointer[entry]) []atomic.Pointer[entry] {
	buckets := make([]atomic.Pointer[entry], 2*len(old))
	for i := range old {
		for e := old[i].Load(); e != nil; e = e.next {
			head := &buckets[e.hash&uint64(len(buckets)-1)]
			head.Store(&entry{e.hash, e.node, head.Load()})
		}
	}
	x.buckets.Store(&buckets)
	return buckets
}
