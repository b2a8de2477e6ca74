package consul

import (
	"context"
	"fmt"

	"github.com/hashicorp/consul/api"

	"rundock/internal/registry"
)

// Read implements registry.Store.
func (c *Client) Read(ctx context.Context, keys []string) ([]registry.Found, error) {
	found := make([]registry.Found, 0, len(keys))
	for _, key := range keys {
		pair, _, err := c.get(ctx, native(key))
		if err != nil {
			return nil, fmt.Errorf("read the records: %w", err)
		}
		f := registry.Found{Key: key}
		if pair != nil {
			f.Exists, f.Value, f.ID, f.Lease = true, value(pair), registry.OwnerOf(pair.Value), pair.Session
		}
		found = append(found, f)
	}
	return found, nil
}

// List implements registry.Store.
func (c *Client) List(ctx context.Context, prefix string) (keys []registry.Listed, revision int64, err error) {
	pairs, index, err := c.list(ctx, native(prefix))
	if err != nil {
		return nil, 0, fmt.Errorf("list %s: %w", prefix, err)
	}
	for _, pair := range pairs {
		keys = append(keys, registry.Listed{Key: ours(pair.Key), Value: value(pair), Revision: int64(pair.ModifyIndex), Lease: pair.Session})
	}
	return keys, int64(index), nil
}

// list reads all keys that begin with prefix, sorted, as of one index.
func (c *Client) list(ctx context.Context, prefix string) (pairs api.KVPairs, index uint64, err error) {
	err = c.bounded(ctx, max(c.timeout, listTimeout), func(ctx context.Context) error {
		got, meta, err := c.consul.KV().List(prefix, consistently(ctx))
		if err == nil {
			pairs, index = got, meta.LastIndex
		}
		return err
	})
	return pairs, index, err
}
