package overlayagent

import (
	"fmt"
	"net/netip"

	"rundock/internal/overlay"
	"rundock/internal/overlay/pathmtu"
)

// withPaths gives peers the MTU of the paths to them.
func (a *agent) withPaths(peers []overlay.Peer) []overlay.Peer {
	for i, p := range peers {
		peers[i] = a.withPath(p)
	}
	return peers
}

func (a *agent) withPath(p overlay.Peer) overlay.Peer {
	p.MTU = a.paths.Known(p)
	return p
}

// followPaths has the MTU of the paths to all peers looked for.
func (a *agent) followPaths() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.wanted != nil && a.right {
		a.paths.Follow(a.wanted.State())
	}
}

// pathsFound has routes follow what was found, and the status too.
func (a *agent) pathsFound(found []pathmtu.Path) {
	a.mu.Lock()
	defer a.mu.Unlock()
	changed := map[netip.Prefix]*overlay.Peer{}
	for _, path := range found {
		p, ok := a.wanted.Peer(path.Subnet)
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

// narrow is how many peers only smaller packets than others pass to.
func narrow(s overlay.State) int {
	n := 0
	for _, route := range s.Routes {
		if route.MTU != 0 {
			n++
		}
	}
	return n
}

// unheard counts the peers that answer nothing in the network, and says what to
// do about it.
func (a *agent) unheard(peers int) (silent int, why string) {
	silent, first := a.paths.Silent()
	if silent == 0 {
		return 0, ""
	}
	return silent, fmt.Sprintf("%d of %d other hosts answer nothing in the network: see that no firewall, theirs or this host's, drops UDP port %d (rundockd overlay explain %s)",
		silent, peers, a.Settings.UDPPort(), overlay.Gateway(first))
}
