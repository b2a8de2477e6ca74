package storeagent

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"rundock/internal/complaint"
	"rundock/internal/hostconfig"
	"rundock/internal/hostinfo"
	"rundock/internal/pause"
	"rundock/internal/registry"
)

const (
	// infoEvery is how often a host looks at itself; it writes what people would see.
	infoEvery = time.Minute

	// infoLease is for how long a host that is gone is thought to be there.
	infoLease = 30 * time.Second
)

// sayInfo has the store have what the host says of itself until ctx is done.
func (s *served) sayInfo(ctx context.Context, host, version string, log *slog.Logger) {
	id, err := hostconfig.MachineID()
	if err != nil {
		log.Warn("the store is not told of this host", "err", err)
		return
	}
	lease, err := s.store.NewLease(infoLease)
	if err != nil {
		log.Warn("the store is not told of this host", "err", err)
		return
	}
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() { lease.Run(ctx) })
	var said hostinfo.Info
	var complained complaint.Memory
	end := func(error) {}
	defer func() { end(registry.ErrHandOver) }()
	for {
		now, err := hostinfo.Here(id+"/host", version)
		switch {
		case err != nil:
			if complained.News(time.Now(), err.Error()) {
				log.Warn("the store is not told how this host is", "err", err)
			}
		case now.Differs(said):
			end(registry.ErrHandOver)
			said = now
			item := registry.Item{Key: hostinfo.Key(host), Value: now.JSON(), ID: now.ID}
			end = registry.Holding(ctx, func(ctx context.Context) { lease.Hold(ctx, []registry.Item{item}, func(registry.HoldState) {}) })
		}
		if pause.For(ctx, infoEvery) != nil {
			return
		}
	}
}
