package local

import (
	"context"
	"fmt"
	"time"

	"rundock/internal/registry"
	"rundock/internal/registry/leasing"
	"rundock/internal/registry/local/wire"
)

// NewLease implements registry.Store.
func (c *Client) NewLease(ttl time.Duration) (registry.Lease, error) {
	return leasing.New(c, ttl, c.log)
}

// Grant implements leasing.Backend.
func (c *Client) Grant(ctx context.Context, ttl time.Duration) (string, error) {
	a, err := c.call(ctx, wire.Request{Do: wire.Grant, TTL: ttl})
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expiries[ttl] = a.Expiry
	return a.Lease, nil
}

// Renew implements leasing.Backend. The server renews the shared lease of the
// store in its own time.
func (c *Client) Renew(ctx context.Context, id string, _ time.Duration) (age time.Duration, err error) {
	a, err := c.call(ctx, wire.Request{Do: wire.Renew, Lease: id})
	return a.Age, err
}

// Revoke implements leasing.Backend.
func (c *Client) Revoke(ctx context.Context, id string) error {
	_, err := c.call(ctx, wire.Request{Do: wire.Revoke, Lease: id})
	return err
}

// Claim implements leasing.Backend.
func (c *Client) Claim(ctx context.Context, lease string, items []registry.Item) (leasing.Claimed, error) {
	a, err := c.call(ctx, wire.Request{Do: wire.Claim, Lease: lease, Items: items})
	if err != nil {
		return leasing.Claimed{}, err
	}
	if a.Claimed == nil {
		return leasing.Claimed{}, fmt.Errorf("store agent: %s answers a claim with nothing", c.socket)
	}
	return *a.Claimed, nil
}

// Changed implements leasing.Backend.
func (c *Client) Changed(ctx context.Context, revision int64, items []registry.Item) error {
	s, err := c.connected(ctx)
	if err != nil {
		return err
	}
	_, err = s.ask(ctx, wire.Request{Do: wire.Changed, Revision: revision, Items: items})
	return err
}

// NoAnswer implements leasing.Backend. Who did not answer is the store, as far
// as we know, if the server is there.
func (c *Client) NoAnswer(d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.session; s != nil && d == registry.Goodbye {
		select {
		case <-s.ended:
		default:
			return fmt.Errorf("%s", c.away)
		}
	}
	return fmt.Errorf("store agent: no answer within %s from %s", d, c.socket)
}

// Expiry implements leasing.Backend.
func (c *Client) Expiry(ttl time.Duration) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if expiry := c.expiries[ttl]; expiry > 0 {
		return expiry
	}
	return ttl
}
