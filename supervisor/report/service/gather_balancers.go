package service

import (
	"context"

	"rundock/internal/cutover"
	"rundock/internal/registry"
)

// askBalancers fills in which load balancers have the service, and what they say
// of it.
func (g *gatherer) askBalancers(ctx context.Context, s *serviceFacts) {
	if g.store == nil || !s.Announced {
		return
	}
	name := s.SidecarStatus.Of()
	book := cutover.NewBook()
	for _, prefix := range []string{cutover.LoadBalancersPrefix, cutover.Key(name) + "/"} {
		keys, _, err := g.store.List(ctx, prefix)
		if err != nil {
			return // as reading its records, which says so
		}
		batch := registry.Batch{}
		for _, k := range keys {
			batch.Changes = append(batch.Changes, registry.Change{Key: k.Key, Value: k.Value})
		}
		book.Apply(prefix, batch)
	}
	view := book.View(name)
	for _, host := range view.LoadBalancers {
		b := balancerFacts{Host: host}
		if ack, ok := view.Acks[host]; ok {
			b.Ack = &ack
		}
		s.Balancers = append(s.Balancers, b)
	}
}
