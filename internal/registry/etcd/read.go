package etcd

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"rundock/internal/registry"
)

// readKeys is how many keys one exchange asks for: etcd takes 128 operations.
const readKeys = 100

// Read implements registry.Store.
func (c *Client) Read(ctx context.Context, keys []string) ([]registry.Found, error) {
	found := make([]registry.Found, 0, len(keys))
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

func foundOf(key string, kvs []*mvccpb.KeyValue) registry.Found {
	f := registry.Found{Key: key}
	for _, kv := range kvs {
		f.Exists, f.Value, f.ID, f.Lease = true, kv.Value, registry.OwnerOf(kv.Value), leaseName(kv.Lease)
	}
	return f
}

// Left implements registry.Store.
func (c *Client) Left(ctx context.Context, lease string) (time.Duration, error) {
	id, err := leaseID(lease)
	if err != nil {
		return 0, err
	}
	var resp *clientv3.LeaseTimeToLiveResponse
	err = c.call(ctx, c.timeout, func(ctx context.Context) (err error) {
		resp, err = c.etcd.TimeToLive(ctx, id)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("ask for lease %s: %w", lease, err)
	}
	return time.Duration(resp.TTL) * time.Second, nil
}

// List implements registry.Store.
func (c *Client) List(ctx context.Context, prefix string) (keys []registry.Listed, revision int64, err error) {
	header, err := c.pages(ctx, prefix, clientv3.GetPrefixRangeEnd(prefix), func(kv *mvccpb.KeyValue) {
		keys = append(keys, registry.Listed{Key: string(kv.Key), Value: kv.Value, Revision: kv.ModRevision, Lease: leaseName(kv.Lease)})
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list %s: %w", prefix, err)
	}
	return keys, header.GetRevision(), nil
}

// leaseName is what people know a lease by: etcdctl prints it so as well.
func leaseName(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 16)
}

// leaseID is the inverse of leaseName.
func leaseID(name string) (clientv3.LeaseID, error) {
	id, err := strconv.ParseInt(name, 16, 64)
	if err != nil {
		return 0, fmt.Errorf("lease %q is none of etcd's", name)
	}
	return clientv3.LeaseID(id), nil
}
