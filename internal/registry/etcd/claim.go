package etcd

import (
	"context"
	"errors"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"rundock/internal/registry"
)

// claimTries is how often a claim is made again because a key changed between
// reading and writing it.
const claimTries = 5

// outcome of a claim: ours, or another's.
type outcome struct {
	revision int64  // as of which it is true
	heldBy   string // "": all keys are ours
	heldKey  string
}

// claim puts all items under the lease, or none if a key is another's. The
// keys are free, as a rule: then it is one round trip. Keys of our own id are
// put over, so that watchers see no gap; those that already are as they
// should be are left alone.
func (c *Client) claim(ctx context.Context, lease clientv3.LeaseID, items []registry.Item) (outcome, error) {
	known := map[string]*mvccpb.KeyValue{}
	for range claimTries {
		var when []clientv3.Cmp
		var puts, gets []clientv3.Op
		for _, item := range items {
			when = append(when, clientv3.Compare(clientv3.ModRevision(item.Key), "=", known[item.Key].GetModRevision()))
			gets = append(gets, clientv3.OpGet(item.Key))
			if !asWanted(known[item.Key], lease, item) {
				puts = append(puts, clientv3.OpPut(item.Key, string(item.Value), clientv3.WithLease(lease)))
			}
		}
		var resp *clientv3.TxnResponse
		err := c.call(ctx, c.timeout, func(ctx context.Context) (err error) {
			resp, err = c.etcd.Txn(ctx).If(when...).Then(puts...).Else(gets...).Commit()
			return err
		})
		if err != nil {
			return outcome{}, err
		}
		if resp.Succeeded {
			return outcome{revision: resp.Header.Revision}, nil
		}
		known = map[string]*mvccpb.KeyValue{}
		for i, r := range resp.Responses {
			for _, kv := range r.GetResponseRange().GetKvs() {
				known[items[i].Key] = kv
				if owner := registry.OwnerOf(kv.Value); owner != items[i].ID {
					return outcome{revision: resp.Header.Revision, heldBy: owner, heldKey: items[i].Key}, nil
				}
			}
		}
	}
	return outcome{}, errors.New("etcd: the key keeps changing under us")
}

// asWanted reports whether kv, as read, already is item under lease.
func asWanted(kv *mvccpb.KeyValue, lease clientv3.LeaseID, item registry.Item) bool {
	return kv != nil && kv.Lease == int64(lease) && string(kv.Value) == string(item.Value)
}
