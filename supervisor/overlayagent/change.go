package overlayagent

import (
	"net/netip"

	"rundock/internal/overlay"
	"rundock/internal/overlay/pathmtu"
	"rundock/internal/overlay/roster"
	"rundock/supervisor/overlayhost"
)

// learn takes in what the store says, and has the kernel follow at once. lost
// says that the subnet is not this host's in the store.
func (a *agent) learn(v roster.View) (lost bool) {
	a.kernel.mu.Lock()
	defer a.kernel.mu.Unlock()
	wanted := a.kernel.wanted
	if m, about := v.Peers[wanted.Subnet()]; about || v.Complete {
		a.given = m != nil
	}
	if v.Complete {
		all := make([]overlay.Peer, 0, len(v.Peers))
		for _, m := range v.Peers {
			all = append(all, a.paths.withMTU(m.Peer()))
		}
		a.peerLog.replace()
		a.change(wanted.Difference(all))
		poke(a.news)
	} else {
		changed := make(map[netip.Prefix]*overlay.Peer, len(v.Peers))
		for subnet, m := range v.Peers {
			a.peerLog.note(subnet, wanted.Peer)
			changed[subnet] = nil
			if m != nil {
				p := a.paths.withMTU(m.Peer())
				changed[subnet] = &p
			}
		}
		a.change(changed)
	}
	return v.Subnet != wanted.Subnet()
}

// change changes what is known of peers, by subnet, in the kernel, and later on
// disk and in the status. a.kernel.mu is locked.
func (a *agent) change(peers map[netip.Prefix]*overlay.Peer) {
	if len(peers) == 0 {
		return
	}
	a.saved.stale.Store(true)
	a.kernel.change(peers)
	poke(a.news)
}

// pathsFound has routes follow what was found, and the status too.
func (a *agent) pathsFound(found []pathmtu.Path) {
	a.kernel.mu.Lock()
	defer a.kernel.mu.Unlock()
	changed := map[netip.Prefix]*overlay.Peer{}
	for _, path := range found {
		p, ok := a.kernel.wanted.Peer(path.Subnet)
		if !ok || p.Underlay != path.Underlay {
			continue
		}
		p.MTU = path.MTU
		changed[path.Subnet] = &p
		if path.MTU == 0 {
			a.log.Info("packets of the network's MTU pass to another host again", "subnet", p.Subnet, "underlay", p.Underlay)
		} else {
			a.log.Warn("only packets smaller than the network's MTU pass to another host, and it is sent no larger ones", "subnet", p.Subnet, "underlay", p.Underlay, "mtu", path.MTU)
		}
	}
	a.change(changed)
	poke(a.news)
}

// followPaths has the MTU of the paths to all peers that the kernel holds
// looked for.
func (a *agent) followPaths() {
	a.kernel.mu.Lock()
	defer a.kernel.mu.Unlock()
	if a.kernel.wanted != nil && a.kernel.inSync {
		a.paths.current().Follow(a.kernel.wanted.State())
	}
}

// save saves what is known, if it is not what is on disk.
func (a *agent) save() {
	a.kernel.mu.Lock()
	if !a.saved.stale.Load() {
		a.kernel.mu.Unlock()
		return
	}
	write := a.saved.begin(overlayhost.SavedOf(a.Settings, a.kernel.wanted))
	a.kernel.mu.Unlock()
	write()
}

// saveNow saves what is to be on disk before the kernel is told. a.kernel.mu is
// locked.
func (a *agent) saveNow() { a.saved.begin(overlayhost.SavedOf(a.Settings, a.kernel.wanted))() }

// logPeers logs which other hosts came and went since it was last called.
func (a *agent) logPeers() {
	for _, line := range a.peerLines() {
		a.log.Info(line.text, line.args...)
	}
}

func (a *agent) peerLines() []peerLine {
	a.kernel.mu.Lock()
	defer a.kernel.mu.Unlock()
	if a.kernel.wanted == nil {
		return nil
	}
	return a.peerLog.take(a.kernel.wanted.Peer, a.kernel.wanted.Count())
}
