package etcd

import (
	"context"
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"

	"rundock/internal/registry"
)

// Swap implements registry.Store.
func (c *Client) Swap(ctx context.Context, s registry.Swap) (bool, error) {
	when := []clientv3.Cmp{clientv3.Compare(clientv3.Value(s.Key), "=", string(s.Old))}
	if s.Old == nil {
		when[0] = clientv3.Compare(clientv3.Version(s.Key), "=", 0)
	}
	for _, key := range s.Absent {
		absent := clientv3.Compare(clientv3.Version(key), "=", 0)
		if strings.HasSuffix(key, "/") {
			absent = absent.WithPrefix()
		}
		when = append(when, absent)
	}
	write := clientv3.OpDelete(s.Key)
	if s.New != nil {
		write = clientv3.OpPut(s.Key, string(s.New))
	}
	var resp *clientv3.TxnResponse
	err := c.call(ctx, c.timeout, func(ctx context.Context) (err error) {
		resp, err = c.etcd.Txn(ctx).If(when...).Then(write).Commit()
		return err
	})
	if err != nil {
		return false, fmt.Errorf("write %s: %w", s.Key, err)
	}
	return resp.Succeeded, nil
}
