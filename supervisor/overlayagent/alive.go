package overlayagent

import (
	"context"
	"log/slog"
	"sync/atomic"

	"rundock/internal/overlay/roster"
	"rundock/internal/registry"
)

// presence tells other hosts that this one is alive, as long as the store has
// it in the network.
type presence struct {
	log     *slog.Logger
	ready   chan struct{} // closed once other hosts may send
	changed func()        // alive may be another
	alive   atomic.Bool   // other hosts are told

	// the store's goroutine alone
	end func(cause error) // nil: they are not told
}

// tell begins to tell them, unless it has begun, once the network is ready.
func (p *presence) tell(ctx context.Context, r *roster.Roster) {
	if p.end != nil {
		return
	}
	p.end = registry.Holding(ctx, func(ctx context.Context) {
		select {
		case <-p.ready:
		case <-ctx.Done():
			return
		}
		err := r.Alive(ctx, func(s registry.HoldState) {
			p.alive.Store(s.Held)
			p.changed()
			p.log.Info("other hosts are told that this one is alive", "told", s.Held, "reason", s.Reason)
		})
		if err != nil {
			p.log.Warn("other hosts take this one for alive for a while", "err", err)
		}
	})
}

// tellNoMore ends it. With registry.ErrHandOver what they were told stays, for
// whoever it is that it is true of now.
func (p *presence) tellNoMore(cause error) {
	if p.end == nil {
		return
	}
	p.end(cause)
	p.end = nil
	p.alive.Store(false)
}
