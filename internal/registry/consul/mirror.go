package consul

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/consul/api"
)

const (
	// mirrorKey is the meta field by which an entry of the agent is known to be one
	// of ours, and of which key.
	mirrorKey = "rundock-key"
	// mirrorTTL is within how long an entry must be confirmed. Its check is critical
	// after that.
	mirrorTTL = 30 * time.Second
	// mirrorLeft is after how long the agent itself drops an entry that nobody
	// confirms any more.
	mirrorLeft = 10 * time.Minute
)

// MirrorEvery is how often Mirror must be called, so that entries stay passing.
const MirrorEvery = mirrorTTL / 3

// Entry is a service of the agent's, and so of Consul's catalog, that mirrors a
// record.
type Entry struct {
	Key     string // of the record
	Name    string // of the service
	Address string
	Port    int
	Tags    []string
	Meta    map[string]string // what Consul would refuse is left out
}

// Mirror makes the agent's entries of ours be want: others are removed, what is
// missing or different is put there, and the rest confirmed as passing. Entries of
// the keys in leave stay as they are, unconfirmed. An error is the first there was; the
// next call goes on from what there is then.
func (c *Client) Mirror(ctx context.Context, want []Entry, leave []string) error {
	var services map[string]*api.AgentService
	err := c.call(ctx, func(ctx context.Context) (err error) {
		services, err = c.consul.Agent().ServicesWithFilterOpts("", (&api.QueryOptions{}).WithContext(ctx))
		return err
	})
	if err != nil {
		return fmt.Errorf("list the agent's services: %w", err)
	}
	p := planMirror(entries(services), want, leave)
	for _, key := range p.remove {
		if err := c.removeEntry(ctx, key); err != nil {
			return fmt.Errorf("remove %s from the catalog: %w", key, err)
		}
	}
	for _, e := range p.put {
		if err := c.putEntry(ctx, e); err != nil {
			return fmt.Errorf("put %s into the catalog: %w", e.Key, err)
		}
	}
	for _, key := range p.confirm {
		if err := c.confirmEntry(ctx, key); err != nil {
			return fmt.Errorf("confirm %s in the catalog: %w", key, err)
		}
	}
	return nil
}

// mirrorPlan is what Mirror does, sorted by key: entries that are no more go first,
// as one may have taken another's place.
type mirrorPlan struct {
	remove  []string
	put     []Entry  // new ones and changed ones, which are passing by that
	confirm []string // those that are as wanted
}

// planMirror returns what turns have into want. Keys of leave are not touched.
func planMirror(have, want []Entry, leave []string) (p mirrorPlan) {
	there := map[string]Entry{}
	for _, e := range have {
		there[e.Key] = e
	}
	for _, e := range want {
		e = e.accepted()
		if now, ok := there[e.Key]; ok && now.equal(e) {
			p.confirm = append(p.confirm, e.Key)
		} else {
			p.put = append(p.put, e)
		}
		delete(there, e.Key)
	}
	for _, key := range leave {
		delete(there, key)
	}
	p.remove = slices.Sorted(maps.Keys(there))
	slices.SortFunc(p.put, func(a, b Entry) int { return strings.Compare(a.Key, b.Key) })
	slices.Sort(p.confirm)
	return p
}

func (e Entry) equal(other Entry) bool {
	return e.Key == other.Key && e.Name == other.Name && e.Address == other.Address && e.Port == other.Port &&
		slices.Equal(e.Tags, other.Tags) && maps.Equal(e.Meta, other.Meta)
}

// Consul's limits of meta: pairs, bytes of a key, bytes of a value.
const maxPairs, maxMetaKey, maxMetaValue = 64, 128, 512

// accepted is e without the meta that Consul refuses, one pair kept free for our
// own.
func (e Entry) accepted() Entry {
	meta := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(e.Meta)) {
		fits := key != "" && len(key) <= maxMetaKey && len(e.Meta[key]) <= maxMetaValue && !strings.HasPrefix(key, "consul-") && key != mirrorKey
		if fits && !strings.ContainsFunc(key, notInMetaKey) && len(meta) < maxPairs-1 {
			meta[key] = e.Meta[key]
		}
	}
	e.Meta = meta
	return e
}

func notInMetaKey(c rune) bool {
	return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_')
}

// entries are those of ours among an agent's services.
func entries(services map[string]*api.AgentService) (all []Entry) {
	for id, s := range services {
		key, ok := s.Meta[mirrorKey]
		if !ok || id != entryID(key) {
			continue
		}
		meta := maps.Clone(s.Meta)
		delete(meta, mirrorKey)
		all = append(all, Entry{Key: key, Name: s.Service, Address: s.Address, Port: s.Port, Tags: s.Tags, Meta: meta})
	}
	return all
}

// entryID is the service id of a key's entry.
func entryID(key string) string { return "rundock" + key }

func (c *Client) putEntry(ctx context.Context, e Entry) error {
	meta := maps.Clone(e.Meta)
	meta[mirrorKey] = e.Key
	return c.call(ctx, func(ctx context.Context) error {
		return c.consul.Agent().ServiceRegisterOpts(&api.AgentServiceRegistration{
			ID: entryID(e.Key), Name: e.Name, Address: e.Address, Port: e.Port, Tags: e.Tags, Meta: meta,
			Check: &api.AgentServiceCheck{
				Name: "lease of " + e.Key, TTL: mirrorTTL.String(), Status: api.HealthPassing,
				DeregisterCriticalServiceAfter: mirrorLeft.String(),
			},
		}, api.ServiceRegisterOpts{}.WithContext(ctx))
	})
}

func (c *Client) removeEntry(ctx context.Context, key string) error {
	return c.call(ctx, func(ctx context.Context) error {
		return c.consul.Agent().ServiceDeregisterOpts(entryID(key), (&api.QueryOptions{}).WithContext(ctx))
	})
}

func (c *Client) confirmEntry(ctx context.Context, key string) error {
	return c.call(ctx, func(ctx context.Context) error {
		return c.consul.Agent().UpdateTTLOpts("service:"+entryID(key), "rundock holds the record", api.HealthPassing, (&api.QueryOptions{}).WithContext(ctx))
	})
}
