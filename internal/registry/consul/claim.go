package consul

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/consul/api"

	"rundock/internal/registry"
	"rundock/internal/registry/leasing"
)

const (
	// claimTries is how often a claim is made again because a key changed
	// between reading and writing it.
	claimTries = 5
	// mostItems is how many items fit into a transaction of Consul, which takes
	// 64 operations.
	mostItems = 64 / 3
)

// errDenied is what a token is told that may not do what it asks for.
var errDenied = errors.New("Permission denied")

// Claim implements leasing.Backend. The keys are free, as a rule: then it is one
// round trip.
func (c *Client) Claim(ctx context.Context, lease string, items []registry.Item) (leasing.Claimed, error) {
	if err := checked(items); err != nil {
		return leasing.Claimed{}, err
	}
	if len(items) > mostItems {
		return leasing.Claimed{}, fmt.Errorf("consul: a transaction takes %d keys, and there are %d to claim with %s", mostItems, len(items), items[0].Key)
	}
	ctx = context.WithoutCancel(ctx) // see leasing.Backend
	known := map[string]*api.KVPair{}
	for range claimTries {
		revision, won, err := c.txn(ctx, claimOps(lease, items, known))
		if err != nil {
			return leasing.Claimed{}, err
		}
		if won {
			return leasing.Claimed{Revision: revision}, nil
		}
		asWanted := 0
		for _, item := range items {
			pair, index, err := c.get(ctx, native(item.Key))
			if err != nil {
				return leasing.Claimed{}, err
			}
			revision = max(revision, int64(index))
			if known[item.Key] = pair; pair == nil {
				continue
			}
			if owner := registry.OwnerOf(pair.Value); owner != item.ID {
				return leasing.Claimed{Revision: int64(index), HeldBy: owner, HeldKey: item.Key}, nil
			}
			if isWanted(pair, lease, item) {
				asWanted++
			}
		}
		if asWanted == len(items) {
			return leasing.Claimed{Revision: revision}, nil
		}
	}
	return leasing.Claimed{}, errors.New("consul: the key keeps changing under us")
}

// claimOps puts the items under the lease if they are as known, nil being a key
// that is not there.
func claimOps(lease string, items []registry.Item, known map[string]*api.KVPair) (ops api.TxnOps) {
	add := func(op api.KVTxnOp) { ops = append(ops, &api.TxnOp{KV: &op}) }
	for _, item := range items {
		key, pair := native(item.Key), known[item.Key]
		if pair == nil {
			add(api.KVTxnOp{Verb: api.KVCheckNotExists, Key: key})
		} else {
			add(api.KVTxnOp{Verb: api.KVCheckIndex, Key: key, Index: pair.ModifyIndex})
		}
		if isWanted(pair, lease, item) {
			continue
		}
		if pair != nil && pair.Session != "" && pair.Session != lease {
			// Within one transaction, so that watchers see no gap. The old session
			// takes nothing away when it ends.
			add(api.KVTxnOp{Verb: api.KVUnlock, Key: key, Session: pair.Session, Value: item.Value})
		}
		add(api.KVTxnOp{Verb: api.KVLock, Key: key, Session: lease, Value: item.Value})
	}
	return ops
}

// isWanted reports whether pair, as read, already is item under lease.
func isWanted(pair *api.KVPair, lease string, item registry.Item) bool {
	return pair != nil && pair.Session == lease && string(pair.Value) == string(item.Value)
}

// txn makes all of ops or none, and reports whether it did and at which index.
// An error is one that another attempt with other indexes does not mend;
// leasing.ErrGone says that there is no such session.
func (c *Client) txn(ctx context.Context, ops api.TxnOps) (index int64, done bool, err error) {
	err = c.call(ctx, func(ctx context.Context) error {
		ok, answer, _, err := c.consul.Txn().Txn(ops, (&api.QueryOptions{}).WithContext(ctx))
		if err != nil {
			return err
		}
		done = ok
		for _, result := range answer.Results {
			if result.KV != nil {
				index = max(index, int64(result.KV.ModifyIndex))
			}
		}
		for _, failed := range answer.Errors {
			switch {
			case strings.Contains(failed.What, "invalid session"):
				return leasing.ErrGone
			case strings.Contains(failed.What, "Permission denied"):
				return fmt.Errorf("%w: %s", errDenied, ours(ops[failed.OpIndex].KV.Key))
			}
		}
		return nil
	})
	return index, done, err
}

// get reads a key; nil if it is not there. index is as of when.
func (c *Client) get(ctx context.Context, key string) (pair *api.KVPair, index uint64, err error) {
	err = c.call(ctx, func(ctx context.Context) error {
		got, meta, err := c.consul.KV().Get(key, consistently(ctx))
		if err == nil {
			pair, index = got, meta.LastIndex
		}
		return err
	})
	return pair, index, err
}

// Changed implements leasing.Backend.
func (c *Client) Changed(ctx context.Context, revision int64, items []registry.Item) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, len(items))
	for _, item := range items {
		go func() { ended <- c.keyChanged(ctx, uint64(revision), native(item.Key)) }()
	}
	return <-ended
}

func (c *Client) keyChanged(ctx context.Context, revision uint64, key string) error {
	for index := revision; ; {
		var pair *api.KVPair
		var now uint64
		err := c.blocking(ctx, index, func(q *api.QueryOptions) error {
			got, meta, err := c.consul.KV().Get(key, q)
			if err == nil {
				pair, now = got, meta.LastIndex
			}
			return err
		})
		if err != nil {
			return err
		}
		// An index that went back is another store: a new claim is right for it.
		if pair == nil || pair.ModifyIndex > revision || now < index {
			return nil
		}
		index = now
	}
}
