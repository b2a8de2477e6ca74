package balancer

import (
	"context"
	"time"

	"rundock/internal/cutover"
)

// orphanAfter is for how long nobody may have led an attempt before a load
// balancer makes its next step.
const orphanAfter = 3 * time.Second

// adoptOrphan makes the next step of an attempt that nobody leads.
func (b *balancer) adoptOrphan(ctx context.Context, v cutover.View) {
	if v.State == nil || v.State.Phase == cutover.Settled || v.Lock != nil {
		delete(b.orphans, v.Service)
		return
	}
	since, known := b.orphans[v.Service]
	if !known {
		b.orphans[v.Service] = time.Now()
		return
	}
	if time.Since(since) < orphanAfter {
		return
	}
	step := cutover.Orphaned(v, time.Now())
	if step.Do != cutover.Write {
		return
	}
	written, err := cutover.Commit(ctx, b.store, v, step)
	if err != nil {
		b.complain("an attempt to switch that nobody leads", "service", v.Service, "err", err)
	}
	if written {
		b.log.Warn("nobody led an attempt to switch", "service", v.Service, "phase", step.Next.Phase, "why", step.Why)
	}
}
