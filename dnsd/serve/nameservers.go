package serve

import (
	"net/netip"
	"sync"
	"sync/atomic"
)

// nameServers are the addresses ns.dns.<zone> has: the fixed ones, else those
// listened on that another host can reach.
type nameServers struct {
	fixed []netip.Addr
	mu    sync.Mutex
	found atomic.Pointer[[]netip.Addr]
}

func (n *nameServers) get() []netip.Addr {
	if len(n.fixed) > 0 {
		return n.fixed
	}
	if found := n.found.Load(); found != nil {
		return *found
	}
	return nil
}

func (n *nameServers) add(at netip.AddrPort) {
	if at.Addr().IsLoopback() || at.Addr().IsUnspecified() {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []netip.Addr
	if found := n.found.Load(); found != nil {
		all = append(all, *found...)
	}
	all = append(all, at.Addr())
	n.found.Store(&all)
}
