package pathmtu

import (
	"container/heap"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// look does what is due, and returns what was found, whether Silent may be
// another, and how long there is nothing more to do.
func (p *Prober) look() (found []Path, news bool, next time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.next().After(now) {
		return nil, false, time.Until(p.next())
	}
	// The device may have been made anew.
	if err := p.bind(); err != nil {
		return nil, false, askAgain
	}
	for next := p.next(); !next.After(now); next = p.next() {
		if len(p.busy) == 0 || p.busy[0].due.After(now) {
			p.begin(heap.Pop(&p.idle).(*path))
		}
		t := p.busy[0]
		if mtu, over := t.search.over(); over {
			p.end(heap.Pop(&p.busy).(*path), mtu, now)
			continue
		}
		sizes, pause := t.search.round()
		p.send(t, sizes)
		t.due = now.Add(pause)
		heap.Fix(&p.busy, t.at)
	}
	found, news = p.found, p.news
	p.found, p.news = nil, false
	return found, news, time.Until(p.next())
}

// next is when there is something to do.
func (p *Prober) next() time.Time {
	next := time.Now().Add(time.Hour)
	if len(p.busy) > 0 {
		next = p.busy[0].due
	}
	if len(p.idle) > 0 && len(p.busy) < maxBusy && p.idle[0].due.Before(next) {
		next = p.idle[0].due
	}
	return next
}

func (p *Prober) begin(t *path) {
	known := t.known
	if known == 0 {
		known = p.mtu
	}
	t.search = newSearch(p.mtu, known, p.hint)
	heap.Push(&p.busy, t)
}

func (p *Prober) end(t *path, mtu int, now time.Time) {
	before := t.mute
	if t.mute++; t.search.heard() {
		t.mute = 0
	}
	p.news = p.news || (before >= muteSearches) != (t.mute >= muteSearches)
	t.search = nil
	defer heap.Push(&p.idle, t)
	every := max(p.every, time.Duration(len(p.paths))*lookEach)
	if mtu == 0 {
		t.due = now.Add(min(every, askAgain<<min(t.silent, 8)))
		t.silent++
		return
	}
	t.silent, t.due = 0, now.Add(every)
	if mtu == p.mtu {
		mtu = 0
	} else {
		p.hint = mtu
	}
	if mtu != t.known {
		t.known = mtu
		found := Path{t.subnet, t.to, mtu}
		p.found = append(p.found, found)
		p.remember(found)
	}
}

// send sends the probes of a round, and the control last, so that its answer
// says that the others were on the way. What cannot be sent is as good as
// lost.
func (p *Prober) send(t *path, sizes []int) {
	q := p.probe
	q.to, q.mac, q.round = t.subnet.Addr(), t.mac, t.search.rounds
	to := netip.AddrPortFrom(t.to, p.network.UDPPort())
	most := p.kernelMTU(t.to)
	for _, size := range sizes {
		if q.size = size; size > most {
			continue
		}
		if p.raw < 0 {
			sendNow(p.wire, q.vxlan(), sockaddr(to.Addr(), int(to.Port())))
			continue
		}
		unix.Sendto(p.raw, q.packet4(p.underlay, to), 0, sockaddr(t.to, 0))
	}
	// By the kernel itself, so that its tracking of connections knows what
	// the answers to all of these belong to.
	q.size = 0
	sendNow(p.echo, q.echo(), sockaddr(q.to, 0))
}
