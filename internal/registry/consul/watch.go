package consul

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/consul/api"

	"rundock/internal/pause"
	"rundock/internal/registry"
	"rundock/internal/registry/retry"
)

// Watch implements registry.Store. Consul answers with all keys each time one
// changes: what is new is found by comparing indexes.
func (c *Client) Watch(ctx context.Context, prefix string, on func(registry.Batch), onHealth func(error)) error {
	retry.Follow(ctx, prefix, onHealth, func(healthy func()) error { return c.follow(ctx, native(prefix), on, healthy) })
	return nil
}

// follow is one life of a watch: it returns when the connection breaks.
func (c *Client) follow(ctx context.Context, prefix string, on func(registry.Batch), healthy func()) error {
	began := time.Now()
	pairs, index, err := c.list(ctx, prefix)
	if err != nil {
		return err
	}
	each := perKey(began, pairs)
	batch, err := c.complete(ctx, pairs, index)
	if err != nil {
		return err
	}
	on(batch)
	healthy()
	known := indexes(pairs)
	for {
		before, began := index, time.Now()
		err := c.blocking(ctx, max(before, 1), func(q *api.QueryOptions) error {
			got, meta, err := c.consul.KV().List(prefix, q)
			if err == nil {
				pairs, index = got, meta.LastIndex
			}
			return err
		})
		if err != nil {
			return err
		}
		each = min(each, perKey(began, pairs))
		batch = registry.Batch{Revision: int64(index), Changes: changes(known, pairs)}
		if len(batch.Changes) == 0 {
			continue // tombstones that Consul collects let the index go back as well
		}
		if index <= before {
			if batch, err = c.complete(ctx, pairs, index); err != nil {
				return err
			}
		}
		on(batch)
		known = indexes(pairs)
		// Each change has the agent send all keys: it sends them half the time at
		// most, and a burst of changes comes as one.
		if err := pause.For(ctx, min(each*time.Duration(len(pairs)+1), time.Second)); err != nil {
			return err
		}
	}
}

// perKey is what a query has taken for each key. The least of several is what the
// agent needs for it: the first may have waited for a leader, others for a change.
func perKey(began time.Time, pairs api.KVPairs) time.Duration {
	return time.Since(began) / time.Duration(len(pairs)+1)
}

// complete is the batch of all keys there are.
func (c *Client) complete(ctx context.Context, pairs api.KVPairs, index uint64) (registry.Batch, error) {
	cluster, err := c.cluster(ctx)
	if err != nil {
		return registry.Batch{}, err
	}
	return registry.Batch{Complete: true, Revision: int64(index), Cluster: cluster, Changes: changes(nil, pairs)}, nil
}

// indexes are those at which each key was changed last.
func indexes(pairs api.KVPairs) map[string]uint64 {
	known := make(map[string]uint64, len(pairs))
	for _, pair := range pairs {
		known[pair.Key] = pair.ModifyIndex
	}
	return known
}

// changes are what turns the keys that are known into pairs, sorted: those that
// are gone first.
func changes(known map[string]uint64, pairs api.KVPairs) (all []registry.Change) {
	there := make(map[string]bool, len(pairs))
	var put []registry.Change
	for _, pair := range pairs {
		there[pair.Key] = true
		if at, ok := known[pair.Key]; !ok || at != pair.ModifyIndex {
			put = append(put, registry.Change{Key: ours(pair.Key), Value: value(pair)})
		}
	}
	for key := range known {
		if !there[key] {
			all = append(all, registry.Change{Key: ours(key)})
		}
	}
	slices.SortFunc(all, func(a, b registry.Change) int { return strings.Compare(a.Key, b.Key) })
	return append(all, put...)
}

// cluster returns what tells this store from another, and makes it if there is
// none; 0 where we may not.
func (c *Client) cluster(ctx context.Context) (uint64, error) {
	for range claimTries {
		pair, _, err := c.get(ctx, clusterKey)
		if err != nil {
			return 0, err
		}
		if pair != nil {
			id, err := strconv.ParseUint(string(pair.Value), 16, 64)
			if err != nil {
				return 0, fmt.Errorf("consul: %s: %q is not the id of a cluster, which is 16 hexadecimal digits", ours(clusterKey), pair.Value)
			}
			return id, nil
		}
		random := make([]byte, 8)
		rand.Read(random)
		id := fmt.Appendf(nil, "%016x", binary.BigEndian.Uint64(random)|1)
		if _, _, err := c.txn(ctx, api.TxnOps{{KV: &api.KVTxnOp{Verb: api.KVCAS, Key: clusterKey, Value: id}}}); err != nil {
			if errors.Is(err, errDenied) {
				return 0, nil
			}
			return 0, err
		}
	}
	return 0, fmt.Errorf("consul: %s keeps changing under us", ours(clusterKey))
}
