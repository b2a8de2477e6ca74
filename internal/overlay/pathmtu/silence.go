package pathmtu

import (
	"context"
	"net/netip"
	"time"

	"rundock/internal/pause"
)

const (
	// A peer is silent that answers none of so many requests in a row. At first
	// the next follows soon, as it may be dead: 0.64 s. One that has answered
	// may be silent for some seconds.
	pulseMisses = 8
	pulseSoon   = 80 * time.Millisecond
	pulseLater  = 600 * time.Millisecond

	// Between an answer and the next request.
	pulseRest = time.Second

	// Of many peers each has its turn more seldom, so that no more are sent in a
	// second than 2500 at first, and 200 of those that answer.
	pulseEachSoon = 400 * time.Microsecond
	pulseEachRest = 5 * time.Millisecond

	// pulseSize tells the answers apart from those to probes of a size.
	pulseSize = 1
)

// AwaitSilence asks a peer for an answer in the network, by ICMP echoes as small
// as can be, until it gives none any more, and returns then, or once ctx is
// done. That it answers proves that the way to it works, and back, whatever is
// known of its agent. Run has to be going on.
func (p *Prober) AwaitSilence(ctx context.Context, subnet netip.Prefix) {
	to := subnet.Addr()
	heard := make(chan struct{}, 1)
	p.mu.Lock()
	p.pulses[heard] = to
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.pulses, heard)
	}()
	each := pulseSoon
	for missed := 0; missed < pulseMisses; {
		wait := time.NewTimer(p.pulse(to, each))
		select {
		case <-heard:
			missed, each = 0, pulseLater
			pause.For(ctx, p.rest())
		case <-wait.C:
			missed++
		case <-ctx.Done():
		}
		wait.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// pulse sends a request, and returns how long to wait for its answer.
func (p *Prober) pulse(to netip.Addr, each time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	// The device may have been made anew. If it is not there, nothing is sent,
	// and nothing answers.
	if !p.closed && p.bind() == nil {
		q := p.probe
		q.size = pulseSize
		sendNow(p.echo, q.echo(), sockaddr(to, 0))
	}
	return max(each, time.Duration(len(p.pulses))*pulseEachSoon)
}

func (p *Prober) rest() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(pulseRest, time.Duration(len(p.pulses))*pulseEachRest)
}

// pulseAnswered wakes those that await the silence of a peer. p.mu is locked.
func (p *Prober) pulseAnswered(from netip.Addr) {
	for heard, to := range p.pulses {
		if to != from {
			continue
		}
		select {
		case heard <- struct{}{}:
		default:
		}
	}
}
