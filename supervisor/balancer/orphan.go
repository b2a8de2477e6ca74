package balancer

import (
	"context"
	"time"

	"rundock/internal/cutover"
	"rundock/internal/registry"
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
	swapped, err := b.store.Swap(ctx, registry.Swap{Key: cutover.Key(v.Service), Old: v.Raw, New: cutover.JSON(step.Next)})
	if err != nil {
		b.complain("an attempt to switch that nobody leads", "service", v.Service, "err", err)
		return
	}
	if !swapped {
		return // somebody was faster
	}
	b.log.Warn("nobody led an attempt to switch", "service", v.Service, "phase", step.Next.Phase, "why", step.Why)
	if step.Next.Phase == cutover.Settled {
		entry := cutover.Ended(*v.State, step.Next)
		if _, err := b.store.Swap(ctx, registry.Swap{Key: cutover.HistoryKey(v.Service, entry.Ended), New: cutover.JSON(entry)}); err != nil {
			b.complain("the history of a service", "service", v.Service, "err", err)
		}
	}
}
