package etcd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"rundock/internal/registry"
)

// Swap implements registry.Store.
func (c *Client) Swap(ctx context.Context, s registry.Swap) (bool, error) {
	return c.Transact(ctx, []registry.Swap{s})
}

// Transact implements registry.Store.
func (c *Client) Transact(ctx context.Context, swaps []registry.Swap) (bool, error) {
	var when []clientv3.Cmp
	var then []clientv3.Op
	for _, s := range swaps {
		when = append(when, conditions(s)...)
		switch {
		case !s.Writes():
		case s.New == nil:
			then = append(then, clientv3.OpDelete(s.Key))
		default:
			then = append(then, clientv3.OpPut(s.Key, string(s.New)))
		}
	}
	var resp *clientv3.TxnResponse
	err := c.call(ctx, c.timeout, func(ctx context.Context) (err error) {
		resp, err = c.etcd.Txn(ctx).If(when...).Then(then...).Commit()
		return err
	})
	if err != nil {
		return false, fmt.Errorf("write %s: %w%s", registry.KeysOf(swaps), err, c.advice(err))
	}
	if resp.Succeeded {
		c.claims.forget(func(key string, _ clientv3.LeaseID) bool {
			return slices.ContainsFunc(swaps, func(s registry.Swap) bool { return s.Key == key && s.Writes() })
		})
	}
	return resp.Succeeded, nil
}

// advice is what a person does where etcd refuses keys to a host that comes by certificate;
// "" of all else.
func (c *Client) advice(err error) string {
	if !c.certified || !errors.Is(err, rpctypes.ErrPermissionDenied) {
		return ""
	}
	return ": the certificate of this host does not open that: have a host of rundock_etcd do it, name what the keys begin with in rundock_etcd_writable," +
		" or, if this host was removed from the site, run site.yml"
}

// conditions are what must be for s to be made.
func conditions(s registry.Swap) []clientv3.Cmp {
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
	return when
}
