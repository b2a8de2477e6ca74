package service

import (
	"context"
	"log/slog"
	"path"
	"slices"
	"strings"

	"rundock/internal/registry"
	"rundock/internal/registry/open"
	"rundock/internal/skydns"
	"rundock/supervisor/report"
)

// askStore fills in the records of the services that are announced, and what is left of
// others.
func (g *gatherer) askStore(ctx context.Context, services []serviceFacts) {
	ctx, cancel := context.WithTimeout(ctx, report.Patience)
	defer cancel()
	var keys []string
	needed := false
	for _, s := range services {
		needed = needed || s.Announced
		keys = append(keys, keysOf(s)...)
	}
	if !needed && len(keys) == 0 || g.host.Config.Failed() {
		return
	}
	if len(keys) == 0 {
		keys = []string{skydns.Prefix} // whether it answers at all
	}
	store, err := open.Store(g.config, slog.New(slog.DiscardHandler))
	if err != nil {
		g.host.Store = report.TroubleOf(err)
		return
	}
	g.store = store
	found, err := store.Read(ctx, keys)
	if err != nil {
		g.host.Store = silence(ctx, g.host.storeName()+" at "+strings.Join(g.host.Endpoints, ", "), err)
		return
	}
	for i := range services {
		s := &services[i]
		for n := range keysOf(*s) {
			if n < len(s.SidecarStatus.Records) {
				s.Records = append(s.Records, recordFacts{Found: found[0]})
			} else {
				s.Unwanted = append(s.Unwanted, recordFacts{Found: found[0]})
			}
			found = found[1:]
		}
	}
}

// keysOf are those of the store that the sidecar names: of its records, then the others.
func keysOf(s serviceFacts) (keys []string) {
	for _, r := range s.SidecarStatus.Records {
		keys = append(keys, r.Key)
	}
	return append(keys, s.SidecarStatus.Unwanted()...)
}

// askSecondStore fills in the records in the host's second store.
func (g *gatherer) askSecondStore(ctx context.Context, services []serviceFacts) {
	second := &g.host.Second
	var keys []string
	for _, s := range services {
		for _, r := range s.SidecarStatus.Records {
			keys = append(keys, r.Key)
		}
	}
	if second.Name == "" || len(keys) == 0 {
		return
	}
	store, err := open.Named(second.Name, g.config, slog.New(slog.DiscardHandler))
	if err != nil {
		second.Trouble = report.TroubleOf(err)
		return
	}
	defer store.Close()
	ctx, cancel := context.WithTimeout(ctx, report.Patience)
	defer cancel()
	found, err := store.Read(ctx, keys)
	if err != nil {
		second.Trouble = silence(ctx, storeTitle(second.Name)+" at "+strings.Join(second.Endpoints, ", "), err)
		return
	}
	for i := range services {
		for range services[i].SidecarStatus.Records {
			services[i].Second = append(services[i].Second, recordFacts{Found: found[0]})
			found = found[1:]
		}
	}
}

// listInstances are the records of the service's instances, by the store. Those that
// have the service's id and that its sidecar does not name are added to s.Unwanted.
func (g *gatherer) listInstances(ctx context.Context, s *serviceFacts) []registry.Listed {
	known := keysOf(*s)
	if g.store == nil || len(s.SidecarStatus.AllKeys()) == 0 {
		return nil
	}
	listed, _, err := g.store.List(ctx, path.Dir(s.SidecarStatus.AllKeys()[0])+"/")
	if err != nil {
		return nil // as it was just read, that is told in time
	}
	for _, l := range listed {
		if id := registry.OwnerOf(l.Value); id == recordID(g.host, *s) && !slices.Contains(known, l.Key) {
			s.Unwanted = append(s.Unwanted, recordFacts{Found: registry.Found{Key: l.Key, Exists: true, Value: l.Value, ID: id, Lease: l.Lease}})
		}
	}
	return listed
}

// askLeases fills in how long the records live on.
func (g *gatherer) askLeases(ctx context.Context, s *serviceFacts) {
	var all []*recordFacts
	for i := range s.Records {
		all = append(all, &s.Records[i])
	}
	for i := range s.Unwanted {
		all = append(all, &s.Unwanted[i])
	}
	for _, r := range all {
		if r.Lease == "" {
			continue
		}
		left, err := g.store.Left(ctx, r.Lease)
		if err != nil {
			g.host.Store = report.TroubleOf(err)
			return
		}
		r.Left = left
	}
}
