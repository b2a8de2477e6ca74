package consul

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/consul/api"

	"rundock/internal/registry"
	"rundock/internal/registry/leasing"
)

// shortest is the least life that Consul gives a session.
const shortest = 10 * time.Second

// NewLease implements registry.Store.
func (c *Client) NewLease(ttl time.Duration) (registry.Lease, error) {
	return leasing.New(c, ttl, c.log)
}

func sessionTTL(ttl time.Duration) time.Duration { return max(ttl, shortest) }

// Grant implements leasing.Backend.
func (c *Client) Grant(ctx context.Context, ttl time.Duration) (id string, err error) {
	err = c.call(ctx, func(ctx context.Context) (err error) {
		id, _, err = c.consul.Session().CreateNoChecks(&api.SessionEntry{
			Name:     "rundock",
			TTL:      sessionTTL(ttl).String(),
			Behavior: api.SessionBehaviorDelete,
			// The delay protects who works on while he has lost his lock. A record
			// is no lock, and its successor must not wait. 0 would be the default,
			// 15 s.
			LockDelay: time.Millisecond,
		}, (&api.WriteOptions{}).WithContext(ctx))
		return err
	})
	return id, err
}

// Renew implements leasing.Backend.
func (c *Client) Renew(ctx context.Context, id string, ttl time.Duration) (time.Duration, error) {
	return 0, c.call(ctx, func(ctx context.Context) error {
		entry, _, err := c.consul.Session().Renew(id, (&api.WriteOptions{}).WithContext(ctx))
		if err == nil && entry == nil {
			return leasing.ErrGone
		}
		return err
	})
}

// Revoke implements leasing.Backend.
func (c *Client) Revoke(ctx context.Context, id string) error {
	return c.call(ctx, func(ctx context.Context) error {
		_, err := c.consul.Session().Destroy(id, (&api.WriteOptions{}).WithContext(ctx))
		return err
	})
}

// Expiry implements leasing.Backend: Consul may take twice the time.
func (c *Client) Expiry(ttl time.Duration) time.Duration { return 2 * sessionTTL(ttl) }

// Left implements registry.Store. Consul does not say how much of a session's
// life is over: it is the whole life.
func (c *Client) Left(ctx context.Context, lease string) (left time.Duration, err error) {
	err = c.call(ctx, func(ctx context.Context) error {
		entry, _, err := c.consul.Session().Info(lease, consistently(ctx))
		if err != nil {
			return err
		}
		if entry == nil {
			left = -1
			return nil
		}
		left, err = time.ParseDuration(entry.TTL)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("ask for lease %s: %w", lease, err)
	}
	return left, nil
}
