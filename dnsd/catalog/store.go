// Package catalog adds to the records that dnsd follows in Consul's KV what others
// have registered as services in Consul's catalog: each instance whose checks pass
// is a record below a zone (records.go). Services that rundockd store mirrors
// there are left out, as their records are in the KV.
package catalog

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"rundock/internal/registry"
	"rundock/internal/registry/consul"
)

// patience is for how long the first list of records waits for that of the catalog:
// records that come a moment later would be missing for that long.
const patience = 3 * time.Second

// Store is Consul's KV with the catalog's records. It differs from the client in
// what Watch and List give.
type Store struct {
	*consul.Client
	Prefix string // of keys
	Zone   string // below which the records are
	Log    *slog.Logger
}

// Watch implements registry.Store. onHealth is told of the KV alone: while the
// catalog cannot be read its records stay as they were.
func (s Store) Watch(ctx context.Context, prefix string, on func(registry.Batch), onHealth func(error)) error {
	m := &merger{on: on, told: make(chan struct{})}
	var watching sync.WaitGroup
	defer watching.Wait()
	watching.Go(func() {
		s.Client.WatchCatalog(ctx, func(all []consul.Instance) { m.catalog(records(s.Prefix, s.Zone, all)) }, func(err error) {
			if err != nil {
				s.Log.Warn("Consul's catalog cannot be read: its records stay as they were", "err", err)
			} else {
				s.Log.Info("following Consul's catalog")
			}
			m.first.Do(func() { close(m.told) })
		})
	})
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-m.told:
	case <-timer.C:
	}
	return s.Client.Watch(ctx, prefix, m.records, onHealth)
}

// List implements registry.Store.
func (s Store) List(ctx context.Context, prefix string) ([]registry.Listed, int64, error) {
	keys, revision, err := s.Client.List(ctx, prefix)
	if err != nil {
		return nil, 0, err
	}
	all, err := s.Client.Instances(ctx)
	if err != nil {
		return nil, 0, err
	}
	for key, value := range records(s.Prefix, s.Zone, all) {
		keys = append(keys, registry.Listed{Key: key, Value: []byte(value)})
	}
	slices.SortStableFunc(keys, func(a, b registry.Listed) int { return strings.Compare(a.Key, b.Key) })
	return keys, revision, nil
}

// merger makes one watch of two: batches of the KV, and lists of the catalog.
type merger struct {
	first sync.Once
	told  chan struct{} // closed once something is known of the catalog

	mu       sync.Mutex // held while on is called
	on       func(registry.Batch)
	known    map[string]string // the catalog's records
	listed   bool              // the KV was
	revision int64             // of the KV
}

// records passes a batch of the KV on. A complete one has the catalog's records as
// well.
func (m *merger) records(b registry.Batch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.revision = b.Revision
	if b.Complete {
		m.listed = true
		b.Changes = append(slices.Clip(b.Changes), changes(nil, m.known)...)
	}
	m.on(b)
}

// catalog passes on what is new in the catalog.
func (m *merger) catalog(now map[string]string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	news := changes(m.known, now)
	m.known = now
	if m.listed && len(news) > 0 {
		m.on(registry.Batch{Revision: m.revision, Changes: news})
	}
}

// changes are what turns before into now, sorted by key.
func changes(before, now map[string]string) (all []registry.Change) {
	for key := range before {
		if _, there := now[key]; !there {
			all = append(all, registry.Change{Key: key})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(now)) {
		if old, there := before[key]; !there || old != now[key] {
			all = append(all, registry.Change{Key: key, Value: []byte(now[key])})
		}
	}
	slices.SortFunc(all, func(a, b registry.Change) int { return strings.Compare(a.Key, b.Key) })
	return all
}
