package etcd

import (
	"context"
	"errors"
	"slices"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"

	"rundock/internal/registry"
	"rundock/internal/registry/leasing"
)

// claimTries is how often a claim is made again because a key changed between
// reading and writing it.
const claimTries = 5

// Claim implements leasing.Backend. A claim by itself first assumes that no key
// exists, as is the rule for a service that starts: then it takes one round trip.
// Claims made at once, and those of keys that were claimed before, look first:
// after a restart of etcd keys are mostly as they should be, and that costs it no
// write.
func (c *Client) Claim(_ context.Context, lease string, items []registry.Item) (leasing.Claimed, error) {
	id, err := leaseID(lease)
	if err != nil {
		return leasing.Claimed{}, err
	}
	own := &claim{lease: id, items: items, decided: make(chan struct{})}
	if c.claims.add(own) {
		go c.decideClaims()
	}
	<-own.decided
	return own.got, own.err
}

// decideClaims decides claims until none is waiting.
func (c *Client) decideClaims() {
	for {
		all, look := c.claims.next()
		if len(all) == 0 {
			return
		}
		c.decide(all, look)
	}
}

// decide decides claims under one lease. look says that their keys are read before
// anything is written.
func (c *Client) decide(all []*claim, look bool) {
	stored := map[string]*mvccpb.KeyValue{}
	var err error
	for try := 0; try < claimTries && err == nil && len(all) > 0; try++ {
		var when []clientv3.Cmp
		var then, otherwise []clientv3.Op
		if look && try == 0 {
			then = gets(all)
		} else {
			when, then, otherwise = unchanged(all, stored), puts(all, stored), gets(all)
		}
		var resp *clientv3.TxnResponse
		err = c.call(context.Background(), c.timeout, func(ctx context.Context) (err error) {
			resp, err = c.etcd.Txn(ctx).If(when...).Then(then...).Else(otherwise...).Commit()
			return err
		})
		switch {
		case err != nil:
		case resp.Succeeded && when != nil:
			for _, one := range all {
				c.claims.settle(one, leasing.Claimed{Revision: resp.Header.Revision})
			}
			return
		default:
			stored = storedOf(resp)
			all = c.settleBy(stored, all, resp.Header.Revision)
		}
	}
	if len(all) > 1 && (err == nil || isOfOne(err)) {
		for _, one := range all {
			c.decide([]*claim{one}, true)
		}
		return
	}
	if err == nil {
		err = errors.New("etcd: the key keeps changing under us")
	}
	for _, one := range all {
		one.end(leasing.Claimed{}, gone(err))
	}
}

// settleBy settles the claims of which stored leaves nothing to do, and returns the
// others.
func (c *Client) settleBy(stored map[string]*mvccpb.KeyValue, all []*claim, revision int64) (others []*claim) {
	for _, one := range all {
		got := leasing.Claimed{Revision: revision}
		for _, item := range one.items {
			if kv := stored[item.Key]; kv != nil && got.HeldBy == "" {
				if owner := registry.OwnerOf(kv.Value); owner != item.ID {
					got.HeldBy, got.HeldKey = owner, item.Key
				}
			}
		}
		if got.HeldBy != "" || len(puts([]*claim{one}, stored)) == 0 {
			c.claims.settle(one, got)
		} else {
			others = append(others, one)
		}
	}
	return others
}

func gets(all []*claim) (ops []clientv3.Op) {
	for _, one := range all {
		for _, item := range one.items {
			ops = append(ops, clientv3.OpGet(item.Key))
		}
	}
	return ops
}

// puts are those of the items' keys that are not as they should be.
func puts(all []*claim, stored map[string]*mvccpb.KeyValue) (ops []clientv3.Op) {
	for _, one := range all {
		for _, item := range one.items {
			kv := stored[item.Key]
			if kv == nil || kv.Lease != int64(one.lease) || string(kv.Value) != string(item.Value) {
				ops = append(ops, clientv3.OpPut(item.Key, string(item.Value), clientv3.WithLease(one.lease)))
			}
		}
	}
	return ops
}

func unchanged(all []*claim, stored map[string]*mvccpb.KeyValue) (when []clientv3.Cmp) {
	for _, one := range all {
		for _, item := range one.items {
			when = append(when, clientv3.Compare(clientv3.ModRevision(item.Key), "=", stored[item.Key].GetModRevision()))
		}
	}
	return when
}

func storedOf(resp *clientv3.TxnResponse) map[string]*mvccpb.KeyValue {
	stored := map[string]*mvccpb.KeyValue{}
	for _, r := range resp.Responses {
		for _, kv := range r.GetResponseRange().GetKvs() {
			stored[string(kv.Key)] = kv
		}
	}
	return stored
}

// isOfOne reports whether an error may be due to one claim of several, as where a
// user may not write its key, or etcd is full and takes no write, but others need
// none.
func isOfOne(err error) bool {
	var refusal rpctypes.EtcdError
	return errors.Is(err, rpctypes.ErrNoSpace) ||
		errors.As(err, &refusal) && slices.Contains([]codes.Code{codes.InvalidArgument, codes.PermissionDenied}, refusal.Code())
}
