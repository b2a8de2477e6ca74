package previewroute

import (
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"rundock/internal/complaint"
	"rundock/internal/preview"
	"rundock/internal/preview/route"
	"rundock/internal/registry"
)

// follower keeps the table of a router as the store says.
type follower struct {
	router  *Router
	domain  string
	log     *slog.Logger
	changed chan struct{} // the table is another one; holds one

	mu     sync.Mutex
	listed bool // the table is of the store, and not of a snapshot
	said   complaint.Memory
}

func newFollower(r *Router, domain string, log *slog.Logger) *follower {
	return &follower{router: r, domain: domain, log: log, changed: make(chan struct{}, 1)}
}

// apply folds in a batch of the watch of preview.StatePrefix. Where a value cannot be
// read, requests go on as they did.
func (f *follower) apply(b registry.Batch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := map[string]*preview.State{}
	if table := f.router.table.Load(); table != nil {
		before = table.All()
	}
	states := map[string]*preview.State{}
	if !b.Complete {
		states = maps.Clone(before)
	}
	for _, c := range b.Changes {
		name, ok := preview.NameOf(c.Key)
		switch {
		case !ok:
			continue
		case c.Value == nil:
			delete(states, name)
			continue
		}
		s, err := preview.ParseState(c.Value)
		if err == nil && s.Name != name {
			err = errors.New("preview state: it is of " + s.Name)
		}
		switch {
		case err == nil:
			states[name] = &s
		case before[name] != nil:
			states[name] = before[name]
		}
		if err != nil && f.said.News(time.Now(), c.Key+err.Error()) {
			f.log.Error("a preview stays as it was", "key", c.Key, "err", err)
		}
	}
	f.listed = true
	f.set(states)
}

// set has the router use states from now on.
func (f *follower) set(states map[string]*preview.State) {
	f.router.table.Store(route.NewTable(f.domain, states))
	f.router.metrics.changed.Inc()
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

// health is told how the connection to the store stands.
func (f *follower) health(err error) {
	if err != nil {
		f.router.metrics.follows.Set(0)
		f.log.Warn("the store cannot be reached: requests go on as they do", "err", err)
		return
	}
	f.router.metrics.follows.Set(1)
	f.log.Info("following the store")
}
