package etcd

import (
	"context"
	"errors"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"rundock/internal/registry"
	"rundock/internal/registry/leasing"
)

// claimTries is how often a claim is made again because a key changed between
// reading and writing it.
const claimTries = 5

// Claim implements leasing.Backend. It first assumes that no key exists, as is
// the rule: then it takes one round trip.
func (c *Client) Claim(ctx context.Context, lease string, items []registry.Item) (leasing.Claimed, error) {
	id, err := leaseID(lease)
	if err != nil {
		return leasing.Claimed{}, err
	}
	stored := map[string]*mvccpb.KeyValue{}
	for range claimTries {
		var when []clientv3.Cmp
		var puts, gets []clientv3.Op
		for _, item := range items {
			when = append(when, clientv3.Compare(clientv3.ModRevision(item.Key), "=", stored[item.Key].GetModRevision()))
			gets = append(gets, clientv3.OpGet(item.Key))
			if !asWanted(stored[item.Key], id, item) {
				puts = append(puts, clientv3.OpPut(item.Key, string(item.Value), clientv3.WithLease(id)))
			}
		}
		var resp *clientv3.TxnResponse
		err := c.call(ctx, c.timeout, func(ctx context.Context) (err error) {
			resp, err = c.etcd.Txn(ctx).If(when...).Then(puts...).Else(gets...).Commit()
			return err
		})
		if err != nil {
			return leasing.Claimed{}, gone(err)
		}
		if resp.Succeeded {
			return leasing.Claimed{Revision: resp.Header.Revision}, nil
		}
		stored = map[string]*mvccpb.KeyValue{}
		for i, r := range resp.Responses {
			for _, kv := range r.GetResponseRange().GetKvs() {
				stored[items[i].Key] = kv
				if owner := registry.OwnerOf(kv.Value); owner != items[i].ID {
					return leasing.Claimed{Revision: resp.Header.Revision, HeldBy: owner, HeldKey: items[i].Key}, nil
				}
			}
		}
	}
	return leasing.Claimed{}, errors.New("etcd: the key keeps changing under us")
}

// asWanted reports whether the stored kv already is item under lease.
func asWanted(kv *mvccpb.KeyValue, lease clientv3.LeaseID, item registry.Item) bool {
	return kv != nil && kv.Lease == int64(lease) && string(kv.Value) == string(item.Value)
}

// Changed implements leasing.Backend.
func (c *Client) Changed(ctx context.Context, revision int64, items []registry.Item) error {
	var keys []keyRange
	for _, item := range items {
		keys = append(keys, keyRange{key: item.Key})
	}
	s, err := c.watch(ctx, revision, keys...)
	if err != nil {
		return err
	}
	defer s.close()
	// A member that has not caught up, or a store that was replaced: a new claim
	// is right for both.
	if s.revision < revision {
		return nil
	}
	_, err = s.recv()
	return err
}
