package registry

import (
	"context"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Found is a key as etcd has it now.
type Found struct {
	Key    string
	Exists bool
	Value  []byte
	ID     string // of whoever holds it, in words if the value has none
	Lease  int64  // 0: none, so that the key does not go away by itself
}

// readKeys is how many keys one exchange asks for: etcd takes 128 operations.
const readKeys = 100

// Read returns the keys as they are now, in the order asked for. It is for
// people who look around: nothing that lasts is made from it.
func (c *Client) Read(ctx context.Context, keys []string) ([]Found, error) {
	found := make([]Found, 0, len(keys))
	for len(found) < len(keys) {
		part := keys[len(found):min(len(keys), len(found)+readKeys)]
		gets := make([]clientv3.Op, len(part))
		for i, key := range part {
			gets[i] = clientv3.OpGet(key)
		}
		var resp *clientv3.TxnResponse
		err := c.call(ctx, c.timeout, func(ctx context.Context) (err error) {
			resp, err = c.etcd.Txn(ctx).Then(gets...).Commit()
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read the records: %w", err)
		}
		for i, r := range resp.Responses {
			found = append(found, foundOf(part[i], r.GetResponseRange().GetKvs()))
		}
	}
	return found, nil
}

func foundOf(key string, kvs []*mvccpb.KeyValue) Found {
	f := Found{Key: key}
	for _, kv := range kvs {
		f.Exists, f.Value, f.ID, f.Lease = true, kv.Value, ownerOf(kv.Value), kv.Lease
	}
	return f
}

// Left returns how long a lease lives on if it is not renewed; less than 0
// when there is no such lease any more.
func (c *Client) Left(ctx context.Context, lease int64) (time.Duration, error) {
	var resp *clientv3.LeaseTimeToLiveResponse
	err := c.call(ctx, c.timeout, func(ctx context.Context) (err error) {
		resp, err = c.etcd.TimeToLive(ctx, clientv3.LeaseID(lease))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("ask for lease %x: %w", lease, err)
	}
	return time.Duration(resp.TTL) * time.Second, nil
}

// Listed is a key as List found it.
type Listed struct {
	Key      string
	Value    []byte
	Revision int64 // of its last change
	Lease    int64 // 0: none, so that the key does not go away by itself
}

// List returns all keys that begin with prefix, sorted, as they were at one
// revision of the store: for people who look around, as Read is, and for what
// a Swap is to be made of.
func (c *Client) List(ctx context.Context, prefix string) (keys []Listed, revision int64, err error) {
	header, err := c.pages(ctx, prefix, clientv3.GetPrefixRangeEnd(prefix), func(kv *mvccpb.KeyValue) {
		keys = append(keys, Listed{string(kv.Key), kv.Value, kv.ModRevision, kv.Lease})
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list %s: %w", prefix, err)
	}
	return keys, header.GetRevision(), nil
}
