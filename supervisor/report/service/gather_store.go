package service

import (
	"context"
	"log/slog"
	"strings"

	"rundock/internal/registry/open"
	"rundock/supervisor/report"
)

// askStore fills in the records of the services that are announced.
func (g *gatherer) askStore(ctx context.Context, services []serviceFacts) {
	ctx, cancel := context.WithTimeout(ctx, report.Patience)
	defer cancel()
	var keys []string
	needed := false
	for _, s := range services {
		needed = needed || s.Announced
		for _, r := range s.SidecarStatus.Records {
			keys = append(keys, r.Key)
		}
	}
	if !needed || g.host.Config.Failed() {
		return
	}
	if len(keys) == 0 {
		keys = []string{"/skydns"} // whether it answers at all
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
		for range services[i].SidecarStatus.Records {
			services[i].Records = append(services[i].Records, recordFacts{Found: found[0]})
			found = found[1:]
		}
	}
}

// askLeases fills in how long the records live on.
func (g *gatherer) askLeases(ctx context.Context, s *serviceFacts) {
	for i := range s.Records {
		r := &s.Records[i]
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
