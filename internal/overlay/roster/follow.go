package roster

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"rundock/internal/registry"
)

// View is a network as this host is to see it.
type View struct {
	Subnet netip.Prefix // this host's in the registry; zero: it has none, or not any more
	Peers  []Member
}

// Follow tells on what the registry knows, first when all of it is known, and
// after each change. It returns nil when ctx is done. As long as the registry
// is away, on is not called: what was told last stays right.
//
// A peer that a change takes away is gone at once. One that is merely missing
// when the registry is back from an absence gets the time of a lease to
// appear again: its own lease may have run out unrenewed meanwhile, or the
// registry have lost its data. onHealth is as in registry's Watch.
func (r *Roster) Follow(ctx context.Context, on func(View), onHealth func(error)) error {
	f := follower{book: NewBook(r.Network, r.Self), missing: map[netip.Prefix]Member{}, lease: r.lease(), on: on}
	defer f.stop()
	return r.Client.Watch(ctx, Prefix(r.Network.Name), f.fold, onHealth)
}

type follower struct {
	lease time.Duration
	on    func(View)

	mu      sync.Mutex
	book    *Book
	last    []Member                // told
	missing map[netip.Prefix]Member // told, and kept for a while
	timer   *time.Timer
	stopped bool
}

func (f *follower) fold(batch registry.Batch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.book.Fold(batch)
	if batch.Complete {
		clear(f.missing)
		now := map[netip.Prefix]Member{}
		ids := map[string]bool{}
		for _, m := range f.book.Peers() {
			now[m.Subnet], ids[m.ID] = m, true
		}
		for _, m := range f.last {
			if _, here := now[m.Subnet]; !here && !ids[m.ID] {
				f.missing[m.Subnet] = m
			}
		}
		if len(f.missing) > 0 {
			f.restart()
		}
	}
	f.tell()
}

// restart gives the missing a lease's time. f.mu is held.
func (f *follower) restart() {
	if f.timer != nil {
		f.timer.Stop()
	}
	f.timer = time.AfterFunc(f.lease, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if len(f.missing) > 0 && !f.stopped {
			clear(f.missing)
			f.tell()
		}
	})
}

// tell is called with f.mu held.
func (f *follower) tell() {
	peers := f.book.Peers()
	for _, m := range peers {
		for subnet, gone := range f.missing {
			if gone.ID == m.ID || subnet == m.Subnet {
				delete(f.missing, subnet)
			}
		}
	}
	for _, m := range f.missing {
		// A subnet that has another owner now is not kept for the old one.
		if owner, ok := f.book.subnets[m.Subnet]; !ok || owner.ID == m.ID {
			peers = append(peers, m)
		}
	}
	f.last = peers
	view := View{Peers: peers}
	if own, ok := f.book.Own(); ok {
		view.Subnet = own.Subnet
	}
	f.on(view)
}

func (f *follower) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped = true
	if f.timer != nil {
		f.timer.Stop()
	}
}
