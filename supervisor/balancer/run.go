package balancer

import (
	"context"
	"os"
	"sync"
	"time"

	"rundock/internal/hostconfig"
	"rundock/internal/registry"
)

// leaseTime is how long a load balancer that died is taken to live.
const leaseTime = registry.MinLease

// serve keeps HAProxy, and tells the store of it, until ctx is done.
func (b *balancer) serve(ctx context.Context, store registry.Store, host hostconfig.Config, machine string) error {
	lease, err := store.NewLease(leaseTime)
	if err != nil {
		return err
	}
	b.store, b.world, b.status.PID = store, newWorld(host.Zone()), os.Getpid()
	b.acks = &acks{host: host.Host, machine: machine, lease: lease, log: b.log, tellers: map[string]*teller{}}
	var running sync.WaitGroup
	running.Go(func() { b.world.follow(ctx, store) })
	running.Go(func() { keepRegistered(ctx, store, host.Host, machine, b.settings.Services, b.log) })
	running.Go(func() {
		if err := lease.Run(ctx); err != nil {
			b.log.Warn("what the store was told goes with its lease", "err", err)
		}
	})
	b.run(ctx)
	b.acks.running.Wait()
	running.Wait()
	return nil
}

// run keeps HAProxy until ctx is done.
func (b *balancer) run(ctx context.Context) {
	for ctx.Err() == nil {
		wait := time.NewTimer(b.pass(ctx))
		select {
		case <-b.world.wake:
			b.stirred = time.Now()
		case <-wait.C:
		case <-ctx.Done():
		}
		wait.Stop()
	}
}
