package overlayagent

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"

	"rundock/internal/overlay"
	"rundock/internal/overlay/pathmtu"
)

// paths has the MTU of the paths to other hosts looked for, from one underlay
// address after the other.
type paths struct {
	network overlay.Network
	found   func([]pathmtu.Path)
	end     func() // of the prober that runs; for the goroutine that starts it

	mu     sync.Mutex
	prober *pathmtu.Prober
}

// open returns a prober for another underlay address that knows of these paths.
func (p *paths) open(underlay netip.Addr, peers []overlay.Peer) (*pathmtu.Prober, error) {
	next, err := pathmtu.Open(p.network, underlay)
	if err == nil {
		next.Remember(peers)
	}
	return next, err
}

// use makes another prober the one that is asked, and returns the one before;
// start has it run.
func (p *paths) use(next *pathmtu.Prober) (before *pathmtu.Prober) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, p.prober = p.prober, next
	return before
}

// start has the prober look until ctx is done or end is called.
func (p *paths) start(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	done, prober := make(chan struct{}), p.current()
	go func() {
		defer close(done)
		prober.Run(ctx, p.found)
	}()
	p.end = func() {
		cancel()
		<-done
	}
}

func (p *paths) current() *pathmtu.Prober {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.prober
}

func (p *paths) close() {
	if prober := p.current(); prober != nil {
		prober.Close()
	}
}

// withMTU gives a peer the MTU of the path to it.
func (p *paths) withMTU(peer overlay.Peer) overlay.Peer {
	peer.MTU = p.current().PathMTU(peer)
	return peer
}

// allWithMTU is withMTU of several, in place.
func (p *paths) allWithMTU(peers []overlay.Peer) []overlay.Peer {
	for i, peer := range peers {
		peers[i] = p.withMTU(peer)
	}
	return peers
}

// silentNamed is how many silent peers the status names.
const silentNamed = 100

// unheard counts the peers that answer nothing in the network, names the first by their
// subnets, and says what to do about it.
func (p *paths) unheard(peers int) (silent int, subnets, why string) {
	all := p.current().Silent()
	if len(all) == 0 {
		return 0, "", ""
	}
	var names []string
	for _, subnet := range all[:min(len(all), silentNamed)] {
		names = append(names, subnet.String())
	}
	return len(all), strings.Join(names, " "), fmt.Sprintf("%d of %d other hosts answer nothing in the network: see that no firewall, theirs or this host's, drops UDP port %d (rundockd overlay explain %s)",
		len(all), peers, p.network.UDPPort(), overlay.Gateway(all[0]))
}

// narrow counts the peers to which only packets smaller than the network's MTU
// pass.
func narrow(s overlay.State) int {
	n := 0
	for _, route := range s.Routes {
		if route.MTU != 0 {
			n++
		}
	}
	return n
}
