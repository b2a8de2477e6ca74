package overlayagent

import (
	"context"

	"rundock/internal/overlay/roster"
	"rundock/internal/registry"
)

// telling is that other hosts are told that this one is alive, as long as the
// registry has it in the network.
type telling struct {
	stop context.CancelCauseFunc // nil: they are not told
	done chan struct{}
}

// tell begins with it, if need be, once the network is ready.
func (a *agent) tell(ctx context.Context, r *roster.Roster) {
	if a.telling.stop != nil {
		return
	}
	ctx, stop := context.WithCancelCause(ctx)
	done := make(chan struct{})
	a.telling = telling{stop, done}
	go func() {
		defer close(done)
		select {
		case <-a.ready:
		case <-ctx.Done():
			return
		}
		err := r.Alive(ctx, func(s registry.HoldState) {
			a.mu.Lock()
			a.alive = s.Held
			a.mu.Unlock()
			poke(a.news)
			a.log.Info("other hosts are told that this one is alive", "told", s.Held, "reason", s.Reason)
		})
		if err != nil {
			a.log.Warn("other hosts take this one for alive for a while", "err", err)
		}
	}()
}

// tellNoMore ends it. With registry.ErrHandOver what they were told stays, for
// whoever it is that it is true of now.
func (a *agent) tellNoMore(cause error) {
	if a.telling.stop == nil {
		return
	}
	a.telling.stop(cause)
	<-a.telling.done
	a.telling = telling{}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.alive = false
}
