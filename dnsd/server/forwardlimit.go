package server

import (
	"net/netip"
	"sync"
)

// maxForwards bounds the queries that wait for an upstream at one time; more
// are dropped, as the network would, or over TCP wait to be read.
const maxForwards = 2048

// A forwardLimit counts those queries. A client may have as many as are still
// free, so that none takes them all: one alone gets half, two get a third
// each, and the next client finds as many.
type forwardLimit struct {
	mu       sync.Mutex
	freed    sync.Cond // on mu
	taken    int
	byClient map[netip.Addr]int
}

func newForwardLimit() *forwardLimit {
	l := &forwardLimit{byClient: map[netip.Addr]int{}}
	l.freed.L = &l.mu
	return l
}

// try takes a place for a client's query, if there is one.
func (l *forwardLimit) try(client netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.take(client)
}

// wait takes a place once there is one.
func (l *forwardLimit) wait(client netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.take(client) {
		l.freed.Wait()
	}
}

func (l *forwardLimit) take(client netip.Addr) bool {
	if l.byClient[client] >= maxForwards-l.taken {
		return false
	}
	l.taken++
	l.byClient[client]++
	return true
}

// done gives a place back.
func (l *forwardLimit) done(client netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken--
	if l.byClient[client]--; l.byClient[client] == 0 {
		delete(l.byClient, client)
	}
	l.freed.Broadcast()
}
