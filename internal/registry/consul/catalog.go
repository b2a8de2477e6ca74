package consul

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/consul/api"

	"rundock/internal/pause"
	"rundock/internal/registry/retry"
)

// Instance is an instance of a service in Consul's catalog.
type Instance struct {
	Service, Node string
	ID            string // of the service, on its node
	Address       string
	Port          int // 0: none
	Tags          []string
	Meta          map[string]string
	Weight        int // Consul's, 1 if nobody has said another
}

// WatchCatalog gives on the instances of all services whose checks pass, but for
// entries that Mirror made: first, and whenever one changes. They are sorted by
// service, node and id. onHealth is as that of Watch. It returns when ctx is done.
func (c *Client) WatchCatalog(ctx context.Context, on func([]Instance), onHealth func(error)) {
	retry.Follow(ctx, "Consul's catalog", onHealth, func(healthy func()) error { return c.followCatalog(ctx, on, healthy) })
}

// What tells that the catalog changed, without telling what: a filter that nothing
// passes has the servers send an index alone.
const nothing = `Node == ""`

// followCatalog is one life of WatchCatalog.
func (c *Client) followCatalog(ctx context.Context, on func([]Instance), healthy func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	changed, broken := make(chan struct{}, 1), make(chan error, 2)
	for _, ask := range []func(*api.QueryOptions) (*api.QueryMeta, error){
		func(q *api.QueryOptions) (*api.QueryMeta, error) {
			q.Filter = nothing
			_, meta, err := c.consul.Health().State(api.HealthAny, q)
			return meta, err
		},
		func(q *api.QueryOptions) (*api.QueryMeta, error) {
			_, meta, err := c.consul.Catalog().Services(q)
			return meta, err
		},
	} {
		go func() { broken <- c.tellChanges(ctx, changed, ask) }()
	}
	for known := false; ; known = true {
		began := time.Now()
		all, err := c.Instances(ctx)
		if err != nil {
			return err
		}
		on(all)
		if !known {
			healthy()
		}
		// As for keys, half the time at most.
		if err := pause.For(ctx, min(time.Since(began), time.Second)); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-broken:
			return err
		case <-changed:
		}
	}
}

// tellChanges puts a token into changed each time that the index of a blocking query
// changes, and when one has ended without news, until the query fails.
func (c *Client) tellChanges(ctx context.Context, changed chan<- struct{}, ask func(*api.QueryOptions) (*api.QueryMeta, error)) error {
	for index := uint64(0); ; {
		err := c.blocking(ctx, max(index, 1), func(q *api.QueryOptions) error {
			meta, err := ask(q)
			if err == nil {
				index = meta.LastIndex
			}
			return err
		})
		if err != nil {
			return err
		}
		select {
		case changed <- struct{}{}:
		default:
		}
	}
}

// Instances are those that WatchCatalog gives first.
func (c *Client) Instances(ctx context.Context) (all []Instance, err error) {
	var services map[string][]string
	err = c.call(ctx, func(ctx context.Context) (err error) {
		services, _, err = c.consul.Catalog().Services((&api.QueryOptions{}).WithContext(ctx))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the catalog's services: %w", err)
	}
	delete(services, "consul") // its servers, which it registers itself
	for _, name := range slices.Sorted(maps.Keys(services)) {
		var found []*api.ServiceEntry
		err := c.call(ctx, func(ctx context.Context) (err error) {
			q := &api.QueryOptions{Filter: `"` + mirrorKey + `" not in Service.Meta`}
			found, _, err = c.consul.Health().Service(name, "", true, q.WithContext(ctx))
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("list the instances of service %s: %w", name, err)
		}
		first := len(all)
		for _, e := range found {
			all = append(all, instance(e))
		}
		slices.SortFunc(all[first:], func(a, b Instance) int { return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.ID, b.ID)) })
	}
	return all, nil
}

func instance(e *api.ServiceEntry) Instance {
	s := e.Service
	i := Instance{Service: s.Service, Node: e.Node.Node, ID: s.ID, Address: s.Address, Port: s.Port, Tags: s.Tags, Meta: s.Meta, Weight: s.Weights.Passing}
	if i.Address == "" {
		i.Address = e.Node.Address
	}
	return i
}
