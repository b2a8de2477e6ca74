package service

import (
	"context"
	"log/slog"
	"rundock/internal/registry/open"
	"rundock/supervisor/report"
	"strings"
)

// askRegistry fills in the records of the services that are announced.
func (g *gatherer) askRegistry(ctx context.Context, services []serviceFacts) {
	ctx, cancel := context.WithTimeout(ctx, report.Patience)
	defer cancel()
	var keys []string
	needed := false
	for _, s := range services {
		needed = needed || s.Announced
		for _, r := range s.Tells.Records {
			keys = append(keys, r.Key)
		}
	}
	if !needed || g.host.Config.Failed() {
		return
	}
	if len(keys) == 0 {
		keys = []string{"/skydns"} // whether it answers at all
	}
	etcd, err := open.Store(g.config, slog.New(slog.DiscardHandler))
	if err != nil {
		g.host.Registry = report.TroubleOf(err)
		return
	}
	g.etcd = etcd
	found, err := etcd.Read(ctx, keys)
	if err != nil {
		g.host.Registry = silence(ctx, "etcd at "+strings.Join(g.host.Endpoints, ", "), err)
		return
	}
	for i := range services {
		for range services[i].Tells.Records {
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
		left, err := g.etcd.Left(ctx, r.Lease)
		if err != nil {
			g.host.Registry = report.TroubleOf(err)
			return
		}
		r.Left = left
	}
}
