package roster

import (
	"context"
	"net/netip"
	"sync"
)

// doubts are of hosts that are not known to be alive, and not to be dead: the
// data path is asked.
type doubts struct {
	ctx     context.Context
	silence func(context.Context, Member) // nil: nothing is asked, and who may be dead is
	open    map[netip.Prefix]*doubt
	running sync.WaitGroup
}

type doubt struct {
	of     string // id
	cancel context.CancelFunc
}

// doubtKnown has those doubted that on is about to be told of for the first time,
// and that the kernel sends to. f.mu is locked.
func (f *follower) doubtKnown() {
	for _, p := range f.before {
		m, ok := f.book.doubtful(p.Subnet)
		if ok && m.Underlay == p.Underlay && m.MAC == p.MAC {
			f.askPeer(p.Subnet, m)
		}
	}
	f.before = nil
}

// doubt opens a doubt about those of these subnets whose host is told, and was
// alive until now, and closes those that the store has answered. f.mu is locked.
func (f *follower) doubt(about []netip.Prefix) {
	for _, subnet := range about {
		m, doubtful := f.book.doubtful(subnet)
		d := f.doubts.open[subnet]
		if d != nil && (!doubtful || d.of != m.ID) {
			d.cancel()
			delete(f.doubts.open, subnet)
			d = nil
		}
		_, missing := f.missing[subnet]
		if had, told := f.told[subnet]; d == nil && doubtful && !missing && told && had.ID == m.ID {
			f.askPeer(subnet, m)
		}
	}
}

// askPeer has the host keep its subnet until it is silent. f.mu is locked.
func (f *follower) askPeer(subnet netip.Prefix, m *Member) {
	if f.doubts.silence == nil {
		return
	}
	ctx, cancel := context.WithCancel(f.doubts.ctx)
	d := &doubt{of: m.ID, cancel: cancel}
	f.doubts.open[subnet] = d
	f.doubts.running.Go(func() {
		f.doubts.silence(ctx, *m)
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.doubts.open[subnet] == d && ctx.Err() == nil {
			delete(f.doubts.open, subnet)
			f.tell([]netip.Prefix{subnet})
		}
		cancel()
	})
}
