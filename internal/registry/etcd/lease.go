package etcd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"

	"rundock/internal/registry"
	"rundock/internal/registry/retry"
)

// errNotAsked is not worth telling: the answer is on its way.
var errNotAsked = errors.New("etcd: no lease yet")

// Lease is a registry.Lease, as etcd has it.
type Lease struct {
	client *Client
	ttl    time.Duration

	mu      sync.Mutex
	id      clientv3.LeaseID   // 0: none
	renewed time.Time          // id was, as of when the request was sent
	err     error              // why there is none, or why the last renewal failed
	retired []clientv3.LeaseID // still to be revoked
	changed chan struct{}      // closed and replaced when id or retired changes
}

// NewLease implements registry.Store.
func (c *Client) NewLease(ttl time.Duration) (registry.Lease, error) {
	if ttl < registry.MinLease || ttl%time.Second != 0 {
		return nil, fmt.Errorf("lease %s: want whole seconds, at least %s", ttl, registry.MinLease)
	}
	return &Lease{client: c, ttl: ttl, err: errNotAsked, changed: make(chan struct{})}, nil
}

// Run implements registry.Lease. It renews three times within a lease's life.
func (l *Lease) Run(ctx context.Context) error {
	var attempts retry.Backoff
	for ctx.Err() == nil {
		id, changed, _ := l.current()
		if err := l.settle(ctx, id); err != nil {
			l.failed(err)
			attempts.Wait(ctx, changed)
			continue
		}
		attempts = retry.Backoff{}
		_, changed, settled := l.current()
		if !settled {
			continue
		}
		timer := time.NewTimer(l.ttl / 3)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
	if context.Cause(ctx) == registry.ErrHandOver {
		return nil
	}
	l.mu.Lock()
	if l.id != 0 {
		l.retired = append(l.retired, l.id)
	}
	l.id = 0
	left := slices.Clone(l.retired)
	l.mu.Unlock()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), registry.Goodbye)
	defer cancel()
	for _, id := range left {
		if err := l.revoke(last, id); err != nil {
			return err
		}
	}
	return nil
}

// settle brings etcd one step to where it should be: retired leases revoked,
// id renewed, or one granted if it is 0.
func (l *Lease) settle(ctx context.Context, id clientv3.LeaseID) error {
	for {
		l.mu.Lock()
		left := slices.Clone(l.retired)
		l.mu.Unlock()
		if len(left) == 0 {
			break
		}
		if err := l.revokeOnce(ctx, left[0]); err != nil {
			return err
		}
	}
	if id == 0 {
		return l.grant(ctx)
	}
	return l.renew(ctx, id)
}

func (l *Lease) grant(ctx context.Context) error {
	asked := time.Now()
	var resp *clientv3.LeaseGrantResponse
	err := l.client.call(ctx, l.client.timeout, func(ctx context.Context) (err error) {
		resp, err = l.client.etcd.Grant(ctx, int64(l.ttl/time.Second))
		return err
	})
	if err != nil {
		return fmt.Errorf("grant lease: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.id, l.renewed, l.err = resp.ID, asked, nil
	l.wake()
	return nil
}

func (l *Lease) renew(ctx context.Context, id clientv3.LeaseID) error {
	asked := time.Now()
	err := l.client.hedged(ctx, l.ttl/15, l.ttl/3, func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		stream, err := l.client.leases.LeaseKeepAlive(ctx, grpc.WaitForReady(false))
		if err != nil {
			return err
		}
		if err := stream.Send(&pb.LeaseKeepAliveRequest{ID: int64(id)}); err != nil {
			_, err = stream.Recv()
			return err
		}
		resp, err := stream.Recv()
		if err == nil && resp.TTL <= 0 {
			err = rpctypes.ErrGRPCLeaseNotFound
		}
		return err
	})
	if errors.Is(err, rpctypes.ErrLeaseNotFound) {
		l.lost(id)
		return nil
	}
	if err != nil {
		return fmt.Errorf("renew lease: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.id == id {
		l.renewed, l.err = asked, nil
	}
	return nil
}

// lost is told that etcd does not know id any more.
func (l *Lease) lost(id clientv3.LeaseID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.id != id {
		return
	}
	l.client.log.Warn("etcd lost the lease, asking for a new one", "lease", fmt.Sprintf("%x", int64(id)), "renewed", time.Since(l.renewed).Round(time.Millisecond).String()+" ago")
	l.id, l.err = 0, fmt.Errorf("lease lost after %s", time.Since(l.renewed).Round(time.Second))
	l.wake()
}

func (l *Lease) failed(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

// retire takes away the keys held under id by revoking it: that deletes
// exactly the keys still attached, so none a successor has taken over, and a
// put of ours that is still on its way fails after it. Run goes on with a new
// lease at once. What cannot be revoked now, within 3 s, is left to Run, and
// the error says so; id is not renewed any more in any case.
func (l *Lease) retire(ctx context.Context, id clientv3.LeaseID) error {
	l.mu.Lock()
	if l.id == id {
		l.id, l.err = 0, errNotAsked
		l.wake()
	}
	l.mu.Unlock()
	bounded, cancel := context.WithTimeout(ctx, registry.Goodbye)
	defer cancel()
	err := l.revoke(bounded, id)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.retired = append(l.retired, id)
		l.wake()
	}
	return err
}

// revoke tries until ctx ends.
func (l *Lease) revoke(ctx context.Context, id clientv3.LeaseID) error {
	var attempts retry.Backoff
	for {
		err := l.revokeOnce(ctx, id)
		if err == nil {
			return nil
		}
		attempts.Wait(ctx, nil)
		if ctx.Err() != nil {
			if errors.Is(err, ctx.Err()) {
				err = fmt.Errorf("etcd: no answer within %s from %s", registry.Goodbye, strings.Join(l.client.endpoints, ","))
			}
			return fmt.Errorf("revoke lease (it ends by itself within %s): %w", l.ttl, err)
		}
	}
}

func (l *Lease) revokeOnce(ctx context.Context, id clientv3.LeaseID) error {
	err := l.client.call(ctx, l.client.timeout, func(ctx context.Context) error {
		_, err := l.client.etcd.Revoke(ctx, id)
		return err
	})
	if err != nil && !errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.retired = slices.DeleteFunc(l.retired, func(old clientv3.LeaseID) bool { return old == id })
	return nil
}

// current returns the lease there is, what is closed when that changes, and
// whether Run has nothing to do but to renew it.
func (l *Lease) current() (id clientv3.LeaseID, changed <-chan struct{}, settled bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.id, l.changed, l.id != 0 && len(l.retired) == 0
}

// reason says why there is no lease or why it is in danger.
func (l *Lease) reason() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// alive reports whether keys put under id are still there as far as we can
// know: it was renewed within its life.
func (l *Lease) alive(id clientv3.LeaseID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.id == id && id != 0 && time.Since(l.renewed) < l.ttl
}

// wake tells whoever waits for changed. l.mu is held.
func (l *Lease) wake() {
	close(l.changed)
	l.changed = make(chan struct{})
}
