package etcd

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"

	"rundock/internal/registry"
	"rundock/internal/registry/leasing"
)

// NewLease implements registry.Store.
func (c *Client) NewLease(ttl time.Duration) (registry.Lease, error) {
	return leasing.New(c, ttl, c.log)
}

// Grant implements leasing.Backend.
func (c *Client) Grant(ctx context.Context, ttl time.Duration) (string, error) {
	var resp *clientv3.LeaseGrantResponse
	err := c.call(ctx, c.timeout, func(ctx context.Context) (err error) {
		resp, err = c.etcd.Grant(ctx, int64(ttl/time.Second))
		return err
	})
	if err != nil {
		return "", err
	}
	return leaseName(int64(resp.ID)), nil
}

// Renew implements leasing.Backend. It asks one endpoint after the other while
// there is no answer.
func (c *Client) Renew(ctx context.Context, lease string, ttl time.Duration) (time.Duration, error) {
	id, err := leaseID(lease)
	if err != nil {
		return 0, err
	}
	var again atomic.Bool
	return 0, gone(c.hedged(ctx, ttl/15, ttl/3, func(ctx context.Context) error {
		if !again.Swap(true) {
			return c.renew(ctx, int64(id))
		}
		return c.renewElsewhere(ctx, int64(id))
	}))
}

// renewElsewhere has the next endpoint renew a lease, over a stream of its own.
func (c *Client) renewElsewhere(ctx context.Context, id int64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.leases.LeaseKeepAlive(ctx, grpc.WaitForReady(false))
	if err != nil {
		return err
	}
	if err := stream.Send(&pb.LeaseKeepAliveRequest{ID: id}); err != nil {
		_, err = stream.Recv()
		return err
	}
	resp, err := stream.Recv()
	if err != nil {
		return err
	}
	c.renewals.hear(stream.Context())
	return renewed(resp)
}

// Revoke implements leasing.Backend.
func (c *Client) Revoke(ctx context.Context, lease string) error {
	id, err := leaseID(lease)
	if err != nil {
		return err
	}
	err = c.call(ctx, c.timeout, func(ctx context.Context) error {
		_, err := c.etcd.Revoke(ctx, id)
		return err
	})
	if errors.Is(err, rpctypes.ErrLeaseNotFound) {
		err = nil
	}
	if err == nil {
		c.claims.forget(func(_ string, lease clientv3.LeaseID) bool { return lease == id })
	}
	return err
}

// Expiry implements leasing.Backend: etcd ends a lease on time.
func (c *Client) Expiry(ttl time.Duration) time.Duration { return ttl }

// gone returns leasing.ErrGone for what etcd says of a lease that it does not
// know, and any other error as it is.
func gone(err error) error {
	if errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return leasing.ErrGone
	}
	return err
}
