package registry

import (
	"context"
	"fmt"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Change is a key's new value.
type Change struct {
	Key   string
	Value []byte // nil: deleted
}

// Batch is what changed since the last one.
type Batch struct {
	Revision int64  // of the store, when the last of Changes was made
	Complete bool   // replaces everything known; Changes are then all keys there are, sorted
	Cluster  uint64 // that was asked, of a complete batch: another one is another store
	Changes  []Change
}

// A list begins with a page of that many keys, and each further page is
// twice as large: etcd counts all keys that are left for each page, so equal
// pages of a million keys would cost it a thousand million steps. A large
// page is given more time.
const (
	listPage        = 1000
	listPageMost    = 1 << 17
	listPageTimeout = 10 * time.Second
)

// Watch gives on every key that begins with prefix (literally: end it with a
// slash), first as one complete batch, then as changes as they come; those
// that come while on is busy are put together, the last value of a key
// counting. Batches come one at a time, in order, none missing.
//
// After any break (etcd restarted, leader or connection lost, history
// compacted) it lists again and gives a complete batch: that alone is right
// as well when the store came back older or other than it was. Until then on
// is not called: the last known state is the caller's to keep.
//
// onHealth is told nil once a complete batch was given, and the reason when
// the connection is lost or cannot be made; a repeated reason is not repeated.
//
// Watch returns nil when ctx is done. It tries for ever, at most 1 s apart.
func (c *Client) Watch(ctx context.Context, prefix string, on func(Batch), onHealth func(error)) error {
	var retry backoff
	var told string
	for {
		began := time.Now()
		err := c.follow(ctx, prefix, on, func() {
			told = ""
			onHealth(nil)
		})
		if ctx.Err() != nil {
			return nil
		}
		err = fmt.Errorf("watch %s: %w", prefix, err)
		if err.Error() != told {
			told = err.Error()
			onHealth(err)
		}
		retry.after(time.Since(began))
		retry.wait(ctx, nil)
	}
}

// follow is one life of a watch: it returns when the connection breaks.
func (c *Client) follow(ctx context.Context, prefix string, on func(Batch), healthy func()) error {
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
func (c *Client) list(ctx context.Context, prefix, end string) (Batch, error) {
	batch := Batch{Complete: true}
	header, err := c.pages(ctx, prefix, end, func(kv *mvccpb.KeyValue) { batch.Changes = append(batch.Changes, change(kv)) })
	if err != nil {
		return Batch{}, err
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
func change(kv *mvccpb.KeyValue) Change {
	if kv.Value == nil {
		return Change{string(kv.Key), []byte{}}
	}
	return Change{string(kv.Key), kv.Value}
}
