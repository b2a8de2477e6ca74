package serve

import (
	"context"
	"time"

	"rundock/internal/pause"
)

// tick is how often holders are looked at.
const tick = 500 * time.Millisecond

// tidy ends holders whose clients have not renewed them, tries those again that
// could not be ended, and revokes leases that nobody holds.
func (s *Server) tidy(ctx context.Context) {
	for last := time.Now(); pause.For(ctx, tick) == nil; {
		now := time.Now()
		slept := now.Sub(last) - tick
		last = now
		for _, h := range s.overdue(now, slept) {
			s.tasks.Go(func() {
				if err := s.release(ctx, h); err != nil && ctx.Err() == nil {
					s.log.Warn("what a client left is not withdrawn yet", "err", err)
				}
			})
		}
		for _, id := range s.unheld() {
			s.tasks.Go(func() { s.store.Revoke(ctx, id) }) // it ends by itself if that fails
		}
	}
}

// overdue are the holders to be ended. A process that was stopped, or got no
// processor, gives its clients the time they could not be heard.
func (s *Server) overdue(now time.Time, slept time.Duration) (all []*holder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.holders {
		if slept > tick {
			h.ends = h.ends.Add(slept)
		}
		if now.After(h.ends) && len(h.busy) == 0 {
			all = append(all, h)
		}
	}
	return all
}

// unheld retires leases without a holder, and returns their ids.
func (s *Server) unheld() (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.leases {
		if s.retire(l, nil) && l.id != "" {
			ids = append(ids, l.id)
		}
	}
	return ids
}
