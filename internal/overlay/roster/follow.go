package roster

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"rundock/internal/overlay"
	"rundock/internal/registry"
)

// View is a network as this host is to see it, as far as it has changed.
type View struct {
	Subnet   netip.Prefix             // this host's in the store; zero: it has none, not any more, or one that is not up to date
	Complete bool                     // Peers are all there are; this is the first View
	Peers    map[netip.Prefix]*Member // by subnet, who came or is another now; nil: nobody has it any more
}

// Follow tells on what the store knows, first when all of it is known, and
// then what changes, at a cost that follows from it. It returns nil when ctx
// is done. As long as the store is away, on is not called: what was told
// stays right.
//
// A peer that a change takes away is gone at once. One that is merely missing
// when the store is back from an absence gets the time of a lease to
// appear again: its own lease may have run out unrenewed meanwhile, or the
// store have lost its data.
//
// One whose lease is over, and that has not said that it stops, may only have
// lost its way to the store: it stays until Silence says that it does not
// answer. onHealth is as in the store's Watch.
func (r *Roster) Follow(ctx context.Context, on func(View), onHealth func(error)) error {
	ctx, cancel := context.WithCancel(ctx)
	f := follower{
		book: NewBook(r.Network, r.Self), told: map[netip.Prefix]*Member{}, lease: r.lease(), on: on,
		doubts: doubts{ctx: ctx, silence: r.Silence, open: map[netip.Prefix]*doubt{}},
	}
	f.book.raw = nil // nothing is swapped for it
	f.forgetMissing()
	f.before = r.Before
	defer f.stop()
	defer cancel()
	return r.Client.Watch(ctx, Prefix(r.Network.Name), f.fold, onHealth)
}

type follower struct {
	lease time.Duration
	on    func(View)

	mu        sync.Mutex
	book      *Book
	began     bool                     // on was told once
	told      map[netip.Prefix]*Member // what on knows
	before    []overlay.Peer           // what the kernel knows, until on is told
	doubts    doubts                   // of those told
	missing   map[netip.Prefix]*Member // told, and kept for a while
	missingID map[string]netip.Prefix  // the same by machine id
	timer     *time.Timer
	stopped   bool
}

// forgetMissing forgets who is missing.
func (f *follower) forgetMissing() {
	f.missing, f.missingID = map[netip.Prefix]*Member{}, map[string]netip.Prefix{}
}

func (f *follower) fold(batch registry.Batch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	about := f.book.Fold(batch)
	if batch.Complete {
		f.forgetMissing()
		for subnet, m := range f.told {
			_, here := f.book.peer(subnet)
			elsewhere := slices.ContainsFunc(f.book.owned[m.ID], func(p netip.Prefix) bool { _, is := f.book.peer(p); return is })
			if !here && !elsewhere {
				f.missing[subnet], f.missingID[m.ID] = m, subnet
			}
		}
		about = slices.AppendSeq(about, maps.Keys(f.told))
		if len(f.missing) > 0 {
			f.restartMissing()
		}
	}
	if !f.began {
		f.doubtKnown()
	}
	f.doubt(about)
	f.tell(about)
}

// restartMissing gives the missing a lease's time. f.mu is locked.
func (f *follower) restartMissing() {
	if f.timer != nil {
		f.timer.Stop()
	}
	f.timer = time.AfterFunc(f.lease, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if len(f.missing) > 0 && !f.stopped {
			about := slices.Collect(maps.Keys(f.missing))
			f.forgetMissing()
			f.doubt(about)
			f.tell(about)
		}
	})
}

// tell says how it stands about some subnets, as far as that is new. It is
// called with f.mu locked.
func (f *follower) tell(about []netip.Prefix) {
	for _, subnet := range about {
		if m, ok := f.book.peer(subnet); ok {
			f.clearMissing(subnet)
			if was, ok := f.missingID[m.ID]; ok {
				f.clearMissing(was)
				about = append(about, was)
			}
		}
	}
	view := View{Complete: !f.began, Peers: map[netip.Prefix]*Member{}}
	f.began = true
	for _, subnet := range about {
		had, known := f.told[subnet]
		switch m, ok := f.visible(subnet); {
		case ok && known && m.ID == had.ID && m.Peer() == had.Peer():
			f.told[subnet] = m // the book's, so that there is one of each
		case ok:
			f.told[subnet], view.Peers[subnet] = m, m
		case known:
			delete(f.told, subnet)
			view.Peers[subnet] = nil
		}
	}
	if own, ok := f.book.Own(); ok && f.book.isOwn(&own) {
		view.Subnet = own.Subnet
	}
	f.on(view)
}

// clearMissing takes a subnet from the missing.
func (f *follower) clearMissing(subnet netip.Prefix) {
	if m, ok := f.missing[subnet]; ok {
		delete(f.missing, subnet)
		delete(f.missingID, m.ID)
	}
}

// visible returns who has a subnet, or had it and is missing.
func (f *follower) visible(subnet netip.Prefix) (*Member, bool) {
	if m, ok := f.book.peer(subnet); ok {
		return m, true
	}
	if f.doubts.open[subnet] != nil {
		return f.book.doubtful(subnet)
	}
	m, ok := f.missing[subnet]
	if owner, taken := f.book.subnets[subnet]; ok && taken && owner.ID != m.ID {
		return nil, false // it is not kept for the old one
	}
	return m, ok
}

func (f *follower) stop() {
	f.mu.Lock()
	f.stopped = true
	if f.timer != nil {
		f.timer.Stop()
	}
	f.mu.Unlock()
	f.doubts.running.Wait()
}
