package overlayagent

import (
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
)

// kernelSync has the kernel follow each change of what is wanted at once. Only
// what changed is asked of it: an audit (audit.go) sees to the rest, and to what
// was wrongly taken for granted.
type kernelSync struct {
	log     *slog.Logger
	persist func() // saves wanted before the kernel is told; mu is locked
	suspect func() // asks for an audit

	mu      sync.Mutex
	kernel  *kernel.Kernel  // for changes
	wanted  *overlay.Wanted // nil: no subnet yet
	inSync  bool            // the kernel held all that is wanted when it was last told something
	reading bool            // an audit reads the kernel
	applied []overlay.Op    // by changes, since the audit began to read
	counts  counts
}

// counts is what the kernel was told.
type counts struct {
	changes int // operations
	healed  int // those that put right what others had changed
	last    time.Time
}

// add counts operations.
func (c *counts) add(ops, healed int) {
	if ops > 0 {
		c.changes += ops
		c.healed += healed
		c.last = time.Now()
	}
}

// replace makes all of another state wanted; an audit has the kernel follow.
// mu is locked.
func (k *kernelSync) replace(wanted *overlay.Wanted) { k.wanted, k.inSync = wanted, false }

// change changes what is known of peers, by subnet, and has the kernel follow.
// mu is locked.
func (k *kernelSync) change(peers map[netip.Prefix]*overlay.Peer) {
	fenced := k.wanted.Fenced()
	ops, whole, err := k.wanted.Change(peers)
	if err != nil {
		k.log.Warn("a peer is left out", "err", err)
	}
	if k.wanted.Fenced() != fenced {
		k.persist()
	}
	if !k.inSync {
		return // an audit is to come
	}
	if k.reading {
		k.applied = append(k.applied, ops...)
	}
	if err = k.kernel.Apply(ops); err != nil {
		k.log.Warn("a change was not done, looking at all", "err", err)
	}
	k.counts.add(len(ops), 0)
	if k.inSync = err == nil && !whole; !k.inSync {
		k.suspect()
	}
}

// holds reports whether an operation leads to what is wanted.
func (k *kernelSync) holds(op overlay.Op) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.wanted != nil && k.wanted.Agrees(op)
}

// bridge returns the subnet and the MTU of the bridge that is wanted, and
// whether the kernel has it.
func (k *kernelSync) bridge() (subnet netip.Prefix, mtu int, inSync bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.wanted.Subnet(), k.wanted.State().Bridge.MTU, k.inSync
}

// countHealed counts an operation that was done elsewhere than in this host's
// namespace.
func (k *kernelSync) countHealed() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.counts.add(1, 1)
}
