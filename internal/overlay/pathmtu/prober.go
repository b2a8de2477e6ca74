package pathmtu

import (
	"container/heap"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"rundock/internal/overlay"
	"rundock/internal/pause"
)

// Prober finds the largest packet of one network that passes to each
// peer: the network's MTU, or less where the path is narrower than this host's
// own interface.
//
// It needs nothing of a peer but that its kernel answers an ICMP echo in the
// network, and nothing of routers. Probes are what the network itself sends,
// except that they must not be fragmented: what the VXLAN device sends over
// IPv4 may be, as every packet of a black hole would be lost otherwise until
// it is found. A peer that answers nothing is left as it is.
type Prober struct {
	sockets
	wake  chan struct{}
	every time.Duration // lookEvery

	mu     sync.Mutex
	closed bool
	probe  probe // what all have in common
	mtu    int
	paths  map[netip.Addr]*path // by the address of the peer's device
	idle   queue                // those of them that have no search
	busy   queue                // the others
	hint   int                  // found last
	found  []Path               // not told yet
	news   bool                 // a peer fell silent, or is not any more; not told yet

	pulses map[chan struct{}]netip.Addr // who awaits the silence of which peer

	narrow map[netip.Prefix]Path // also of peers that are gone, for when they are back
}

// Path is what was found out about the way to a peer.
type Path struct {
	Subnet   netip.Prefix
	Underlay netip.Addr
	MTU      int // of packets in the network; 0: its own
}

const (
	// Between two looks at a path: for so long a path that has become narrow
	// is a black hole. Of many peers each has its turn more seldom, so that
	// there are no more than twenty looks a second.
	lookEvery = 30 * time.Second
	lookEach  = time.Second / 20

	// Until a peer of which nothing is heard is asked again, at first; it may
	// have only just heard of us.
	askAgain = 2 * time.Second

	// Searches in a row, after which a peer that was not heard counts as silent:
	// some ten seconds of a new one.
	muteSearches = 3

	// Searches at the same time: one that has to look for a size sends ten
	// rounds a second.
	maxBusy = 32
)

// Open opens a Prober in the namespace of the calling thread, for a host with
// this underlay address.
func Open(n overlay.Network, underlay netip.Addr) (*Prober, error) {
	p := &Prober{sockets: sockets{network: n, raw: -1, route: -1}, every: lookEvery, wake: make(chan struct{}, 1), paths: map[netip.Addr]*path{}, pulses: map[chan struct{}]netip.Addr{}, narrow: map[netip.Prefix]Path{}}
	var id [2]byte
	rand.Read(id[:])
	rand.Read(p.probe.token[:])
	p.probe.id, p.probe.vni = binary.BigEndian.Uint16(id[:]), n.VNI
	if err := p.open(underlay); err != nil {
		p.Close()
		return nil, fmt.Errorf("open the sockets that look for the MTU of paths: %w", err)
	}
	return p, nil
}

// Close closes the sockets. Run has ended; what awaits a silence hears nothing.
func (p *Prober) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.close()
}

// Remember takes what another prober found for true, until it is looked at.
func (p *Prober) Remember(peers []overlay.Peer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, peer := range peers {
		p.remember(Path{peer.Subnet, peer.Underlay, peer.MTU})
	}
}

func (p *Prober) remember(path Path) {
	if delete(p.narrow, path.Subnet); path.MTU != 0 {
		p.narrow[path.Subnet] = path
	}
}

// PathMTU is the MTU of the path to a peer, as it was found last: what its
// Peer.MTU is to be.
func (p *Prober) PathMTU(peer overlay.Peer) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if path := p.narrow[peer.Subnet]; path.Underlay == peer.Underlay {
		return path.MTU
	}
	return 0
}

// Follow has it look at the paths to the peers of want, which the kernel
// holds. One that is new, or elsewhere, is looked at at once.
func (p *Prober) Follow(want overlay.State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.probe.from, p.probe.fromMAC = want.Vxlan.Address.Addr(), want.Vxlan.MAC
	if p.mtu != want.Vxlan.MTU {
		for _, t := range p.paths {
			p.forget(t)
		}
		p.mtu = want.Vxlan.MTU
	}
	there := make(map[netip.Addr]bool, len(want.Routes))
	for key, route := range want.Routes {
		there[route.Via] = true
		mac := want.Neighbours[route.Via]
		to := want.Forwards[mac]
		if t, ok := p.paths[route.Via]; ok {
			if t.subnet == key.Subnet && t.mac == mac && t.to == to {
				continue
			}
			p.forget(t)
		}
		t := &path{subnet: key.Subnet, mac: mac, to: to, known: route.MTU, due: time.Now()}
		p.paths[route.Via] = t
		heap.Push(&p.idle, t)
	}
	for via, t := range p.paths {
		if !there[via] {
			p.forget(t)
		}
	}
	p.wakeUp()
}

func (p *Prober) forget(t *path) {
	if t.search != nil {
		heap.Remove(&p.busy, t.at)
	} else {
		heap.Remove(&p.idle, t.at)
	}
	delete(p.paths, t.subnet.Addr())
}

func (p *Prober) wakeUp() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Silent returns the subnets, sorted, of the peers of which nothing was heard when they
// were last asked, and asked again. It may be a firewall
// that keeps the network's packets out, theirs or this host's, or they answer
// no pings.
func (p *Prober) Silent() (subnets []netip.Prefix) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.paths {
		if t.mute >= muteSearches {
			subnets = append(subnets, t.subnet)
		}
	}
	slices.SortFunc(subnets, netip.Prefix.Compare)
	return subnets
}

// Run looks until ctx is done, and tells what has changed: what is found, and
// with nothing, that Silent may be another.
func (p *Prober) Run(ctx context.Context, on func([]Path)) {
	stop := context.AfterFunc(ctx, func() { p.echo.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() { p.listen(ctx) })
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-p.wake:
		case <-timer.C:
		}
		found, news, next := p.look()
		if len(found) > 0 || news {
			on(found)
		}
		timer.Reset(next)
	}
	wg.Wait()
}

// listen takes in the answers.
func (p *Prober) listen(ctx context.Context) {
	buf := make([]byte, 1500)
	for ctx.Err() == nil {
		n, from, err := p.echo.ReadFromIP(buf)
		if err != nil {
			// Such as of an ICMP error that an earlier probe caused.
			pause.For(ctx, searchPause)
			continue
		}
		if address, ok := netip.AddrFromSlice(from.IP); ok {
			p.answered(address.Unmap(), buf[:n])
		}
	}
}

func (p *Prober) answered(from netip.Addr, message []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	size, round, ok := p.probe.answers(message)
	if ok && size == pulseSize {
		p.pulseAnswered(from)
		return
	}
	t, known := p.paths[from]
	if !ok || !known || t.search == nil {
		return
	}
	if size == 0 {
		t.search.controlAnswered(round)
	} else {
		t.search.answer(size)
	}
	if _, over := t.search.over(); over {
		t.due = time.Now()
		heap.Fix(&p.busy, t.at)
		p.wakeUp()
	}
}
