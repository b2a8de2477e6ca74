package etcd

import (
	"context"
	"fmt"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"rundock/internal/registry"
	"rundock/internal/registry/retry"
)

// A list begins with a page of that many keys, and each further page is
// twice as large: etcd counts all keys that are left for each page, so equal
// pages of a million keys would cost it a thousand million steps. A large
// page is given more time.
const (
	listPage        = 1000
	listPageMost    = 1 << 17
	listPageTimeout = 10 * time.Second
)

// Watch implements registry.Store.
func (c *Client) Watch(ctx context.Context, prefix string, on func(registry.Batch), onHealth func(error)) error {
	retry.Follow(ctx, prefix, onHealth, func(healthy func()) error { return c.follow(ctx, prefix, on, healthy) })
	return nil
}

// follow is one life of a watch: it returns when the connection breaks.
func (c *Client) follow(ctx context.Context, prefix string, on func(registry.Batch), healthy func()) error {
	end := clientv3.GetPrefixRangeEnd(prefix)
	list, err := c.list(ctx, prefix, end)
	if err != nil {
		return err
	}
	s, err := c.watch(ctx, list.Revision, keyRange{prefix, end})
	if err != nil {
		return err
	}
	defer s.close()
	if s.revision < list.Revision {
		return fmt.Errorf("etcd: revision went back from %d to %d: the member is behind, or the store was replaced", list.Revision, s.revision)
	}
	seen := newPending()
	go seen.fill(s)
	on(list)
	list.Changes = nil // there may be a million of them, and the watch is long
	healthy()
	for {
		batch, err := seen.take(ctx)
		if err != nil {
			return err
		}
		on(batch)
	}
}

// list reads all keys as they were at one revision.
func (c *Client) list(ctx context.Context, prefix, end string) (registry.Batch, error) {
	batch := registry.Batch{Complete: true}
	header, err := c.pages(ctx, prefix, end, func(kv *mvccpb.KeyValue) { batch.Changes = append(batch.Changes, change(kv)) })
	if err != nil {
		return registry.Batch{}, err
	}
	batch.Revision, batch.Cluster = header.GetRevision(), header.GetClusterId()
	return batch, nil
}

// pages gives each key as it was at one revision, sorted, and returns the
// header that tells which.
func (c *Client) pages(ctx context.Context, prefix, end string, each func(*mvccpb.KeyValue)) (header *pb.ResponseHeader, err error) {
	size, timeout := int64(listPage), c.timeout
	for from := prefix; ; size, timeout = min(2*size, listPageMost), listPageTimeout {
		var page *clientv3.GetResponse
		err := c.call(ctx, timeout, func(ctx context.Context) (err error) {
			page, err = c.etcd.Get(ctx, from, clientv3.WithRange(end), clientv3.WithLimit(size), clientv3.WithRev(header.GetRevision()))
			return err
		})
		if err != nil {
			return nil, err
		}
		if header == nil {
			header = page.Header
		}
		for _, kv := range page.Kvs {
			each(kv)
		}
		if !page.More {
			return header, nil
		}
		from = string(page.Kvs[len(page.Kvs)-1].Key) + "\x00"
	}
}

// change makes an empty value of a key distinct from its deletion.
func change(kv *mvccpb.KeyValue) registry.Change {
	if kv.Value == nil {
		return registry.Change{Key: string(kv.Key), Value: []byte{}}
	}
	return registry.Change{Key: string(kv.Key), Value: kv.Value}
}
