package consul

import (
	"context"
	"crypto/rand"
	"fmt"
	"path"
	"strings"

	"github.com/hashicorp/consul/api"

	"rundock/internal/registry"
)

// Swap implements registry.Store.
func (c *Client) Swap(ctx context.Context, s registry.Swap) (bool, error) {
	return c.Transact(ctx, []registry.Swap{s})
}

// Transact implements registry.Store.
//
// A transaction of Consul cannot require that nothing is below a prefix. So each
// Swap that makes a key also writes the guard of the folder that the key is in,
// and a Swap with an Absent prefix reads the guard, then lists the prefix, and
// requires that the guard is as it was. It sees keys that a Swap makes right
// below the prefix, and neither those that a lease holds nor those made by hand
// at the same moment.
func (c *Client) Transact(ctx context.Context, swaps []registry.Swap) (done bool, err error) {
	var ops api.TxnOps
	may := true
	for _, s := range swaps {
		var own api.TxnOps
		if own, may, err = c.operations(ctx, s); err != nil || !may {
			break
		}
		ops = append(ops, own...)
	}
	if err == nil && may {
		_, done, err = c.txn(ctx, ops)
	}
	if err != nil {
		return false, fmt.Errorf("write %s: %w", registry.KeysOf(swaps), err)
	}
	return done, nil
}

// operations returns those of one swap. may is false if it cannot be made already.
func (c *Client) operations(ctx context.Context, s registry.Swap) (ops api.TxnOps, may bool, err error) {
	ops, may, err = c.absent(ctx, s.Absent)
	if err != nil || !may {
		return nil, false, err
	}
	add := func(op api.KVTxnOp) { ops = append(ops, &api.TxnOp{KV: &op}) }
	key := native(s.Key)
	var index uint64 // 0: the key is not there
	if s.Old != nil {
		pair, _, err := c.get(ctx, key)
		if err != nil {
			return nil, false, err
		}
		if pair == nil || string(pair.Value) != string(s.Old) {
			return nil, false, nil
		}
		index = pair.ModifyIndex
	}
	switch {
	case s.Old != nil && !s.Writes():
		add(api.KVTxnOp{Verb: api.KVCheckIndex, Key: key, Index: index})
	case s.New != nil:
		add(api.KVTxnOp{Verb: api.KVCAS, Key: key, Index: index, Value: s.New})
	case s.Old != nil:
		add(api.KVTxnOp{Verb: api.KVDeleteCAS, Key: key, Index: index})
	default:
		add(api.KVTxnOp{Verb: api.KVCheckNotExists, Key: key})
	}
	if s.Old == nil && s.New != nil {
		// Another value each time: writing the same one changes no index.
		add(api.KVTxnOp{Verb: api.KVSet, Key: guard(path.Dir(key)), Value: []byte(rand.Text())})
	}
	return ops, true, nil
}

// absent returns the operations that fail unless none of keys is there. may is
// false if one is there already.
func (c *Client) absent(ctx context.Context, keys []string) (ops api.TxnOps, may bool, err error) {
	for _, key := range keys {
		key := native(key)
		if !strings.HasSuffix(key, "/") {
			ops = append(ops, &api.TxnOp{KV: &api.KVTxnOp{Verb: api.KVCheckNotExists, Key: key}})
			continue
		}
		folder := guard(strings.TrimSuffix(key, "/"))
		before, _, err := c.get(ctx, folder)
		if err != nil {
			return nil, false, err
		}
		below, _, err := c.list(ctx, key)
		if err != nil || len(below) > 0 {
			return nil, false, err
		}
		check := &api.KVTxnOp{Verb: api.KVCheckNotExists, Key: folder}
		if before != nil {
			check.Verb, check.Index = api.KVCheckIndex, before.ModifyIndex
		}
		ops = append(ops, &api.TxnOp{KV: check})
	}
	return ops, true, nil
}

func guard(folder string) string { return guards + folder }
