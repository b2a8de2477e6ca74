package overlayagent

import (
	"net/netip"

	"rundock/internal/overlay"
	"rundock/internal/overlay/roster"
)

// learn takes in what the registry says, and has the kernel follow at once.
// Only what changed is asked of it: an audit sees to the rest, and to what was
// taken for granted wrongly. lost says that the subnet is not this host's in
// the registry.
func (a *agent) learn(v roster.View) (lost bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if v.Complete {
		all := make([]overlay.Peer, 0, len(v.Peers))
		for _, m := range v.Peers {
			all = append(all, a.withPath(m.Peer()))
		}
		a.peerLog.replace()
		a.change(a.wanted.Difference(all))
		poke(a.news)
	} else {
		changed := make(map[netip.Prefix]*overlay.Peer, len(v.Peers))
		for subnet, m := range v.Peers {
			a.peerLog.note(subnet, a.wanted.Peer)
			changed[subnet] = nil
			if m != nil {
				p := a.withPath(m.Peer())
				changed[subnet] = &p
			}
		}
		a.change(changed)
	}
	return v.Subnet != a.wanted.Subnet()
}

// change changes what is known of peers, by subnet. a.mu is locked.
func (a *agent) change(peers map[netip.Prefix]*overlay.Peer) {
	if len(peers) == 0 {
		return
	}
	fenced := a.wanted.Fenced()
	ops, whole, err := a.wanted.Change(peers)
	if err != nil {
		a.log.Warn("a peer is left out", "err", err)
	}
	a.unkept = true
	if a.wanted.Fenced() != fenced {
		a.saveNow()
	}
	if a.right { // else an audit is to come
		if a.reading {
			a.told = append(a.told, ops...)
		}
		if err = a.kernel.Apply(ops); err != nil {
			a.log.Warn("a change was not done, looking at all", "err", err)
		}
		a.count(ops)
		if a.right = err == nil && !whole; !a.right {
			poke(a.due)
		}
	}
	poke(a.news)
}

// holds reports whether an operation leads to what is wanted.
func (a *agent) holds(op overlay.Op) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.wanted != nil && a.wanted.Holds(op)
}
