package server

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxConnections = 1024 // over TCP at one time
	maxOfClient    = 256  // of those from one address
)

// connections knows the connections over TCP that are open, and keeps them
// within the limits: the one that has been idle longest makes room.
type connections struct {
	mu       sync.Mutex
	open     map[*place]struct{}
	byClient map[netip.Addr]int
}

// A place is what a connection takes up of the limits.
type place struct {
	client  netip.Addr
	end     context.CancelFunc // makes the connection end once its replies are sent
	pending atomic.Int32       // queries that are not answered yet
	rests   atomic.Int64       // since when there are none, in Unix nanoseconds
}

// begin and done stand around a query.
func (p *place) begin() { p.pending.Add(1) }

func (p *place) done() {
	p.rests.Store(time.Now().UnixNano())
	p.pending.Add(-1)
}

// admit gives a client's new connection a place, one that it takes from an
// idle connection if need be: of the same client, if that one has as many as
// it may, else of any. It returns nil where all of those are busy.
func (c *connections) admit(client netip.Addr, end context.CancelFunc) *place {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open, c.byClient = map[*place]struct{}{}, map[netip.Addr]int{}
	}
	var idle *place
	full := true
	switch {
	case c.byClient[client] >= maxOfClient:
		idle = c.longestIdle(func(p *place) bool { return p.client == client })
	case len(c.open) >= maxConnections:
		idle = c.longestIdle(func(*place) bool { return true })
	default:
		full = false
	}
	if full && idle == nil {
		return nil
	}
	if idle != nil {
		c.remove(idle)
		idle.end()
	}
	p := &place{client: client, end: end}
	p.rests.Store(time.Now().UnixNano())
	c.open[p] = struct{}{}
	c.byClient[client]++
	return p
}

// longestIdle is nil where all that qualify are busy.
func (c *connections) longestIdle(qualifies func(*place) bool) (found *place) {
	for p := range c.open {
		if p.pending.Load() == 0 && qualifies(p) && (found == nil || p.rests.Load() < found.rests.Load()) {
			found = p
		}
	}
	return found
}

// leave gives a place back, if it was not taken.
func (c *connections) leave(p *place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(p)
}

func (c *connections) remove(p *place) {
	if _, ok := c.open[p]; !ok {
		return
	}
	delete(c.open, p)
	if c.byClient[p.client]--; c.byClient[p.client] == 0 {
		delete(c.byClient, p.client)
	}
}
