// Package local is the contract of package registry over the socket of
// rundockd store, the one program of a host that talks to the store: so
// fifty sidecars cost the store one connection and one lease. Package wire
// says what goes over the socket, package serve is the other end.
//
// What is not as with a connection of one's own:
//
//   - A lease is one that the program keeps for this client. Its keys are under
//     a lease of the store which it shares with all others of the same time. So
//     when it ends, its keys are deleted one by one, those of a successor left
//     alone, and the shared lease lives on.
//   - Errors that begin with "store agent:" are about the program, all others are
//     the store's own, in its words.
package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"rundock/internal/registry"
	"rundock/internal/registry/local/wire"
	"rundock/internal/registry/retry"
)

// callTimeout is longer than the server's own calls to a store take.
const callTimeout = 12 * time.Second

// Client is a registry.Store: a connection to rundockd store.
type Client struct {
	socket  string
	timeout time.Duration // of a call
	log     *slog.Logger

	mu       sync.Mutex
	session  *session                        // nil: none was made yet
	dialing  chan struct{}                   // closed when a connection on its way is made or not; nil: none is
	away     string                          // as the last session said it
	expiries map[time.Duration]time.Duration // of leases granted, by their time
}

// Open returns a client that connects on its own.
func Open(socket string, log *slog.Logger) *Client {
	return &Client{socket: socket, timeout: callTimeout, log: log, expiries: map[time.Duration]time.Duration{}}
}

// Close implements registry.Store.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session != nil {
		c.session.end(errors.New("store agent: closed by us"))
	}
	return nil
}

// Check returns nil if the program answers at socket.
func Check(ctx context.Context, socket string) error {
	s, err := dial(ctx, socket)
	if err != nil {
		return err
	}
	s.end(errors.New("store agent: closed by us"))
	return nil
}

// connected returns the session there is, or makes one.
func (c *Client) connected(ctx context.Context) (*session, error) {
	for {
		c.mu.Lock()
		if s := c.session; s != nil {
			select {
			case <-s.ended:
			default:
				c.mu.Unlock()
				return s, nil
			}
		}
		dialing := c.dialing
		if dialing == nil {
			c.dialing = make(chan struct{})
			c.mu.Unlock()
			return c.connect(ctx)
		}
		c.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-dialing:
		}
	}
}

func (c *Client) connect(ctx context.Context) (*session, error) {
	s, err := dial(ctx, c.socket)
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.dialing)
	c.dialing = nil
	if err != nil {
		return nil, err
	}
	c.session, c.away = s, s.away
	return s, nil
}

// call is a request with one answer, bounded in time.
func (c *Client) call(ctx context.Context, r wire.Request) (wire.Answer, error) {
	bounded, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	s, err := c.connected(bounded)
	var a wire.Answer
	if err == nil {
		a, err = s.ask(bounded, r)
	}
	switch {
	case err == nil:
		return a, nil
	case ctx.Err() != nil:
		return a, ctx.Err()
	case bounded.Err() != nil:
		return a, fmt.Errorf("store agent: no answer within %s from %s", c.timeout, c.socket)
	}
	return a, err
}

// Read implements registry.Store.
func (c *Client) Read(ctx context.Context, keys []string) ([]registry.Found, error) {
	a, err := c.call(ctx, wire.Request{Do: wire.Read, Keys: keys})
	return a.Found, err
}

// List implements registry.Store.
func (c *Client) List(ctx context.Context, prefix string) ([]registry.Listed, int64, error) {
	a, err := c.call(ctx, wire.Request{Do: wire.List, Prefix: prefix})
	return a.Listed, a.Revision, err
}

// Swap implements registry.Store.
func (c *Client) Swap(ctx context.Context, s registry.Swap) (bool, error) {
	a, err := c.call(ctx, wire.Request{Do: wire.Swap, Swap: &s})
	return a.Done, err
}

// Transact implements registry.Store.
func (c *Client) Transact(ctx context.Context, swaps []registry.Swap) (bool, error) {
	a, err := c.call(ctx, wire.Request{Do: wire.Transact, Swaps: swaps})
	return a.Done, err
}

// Left implements registry.Store. The lease is one of the store's.
func (c *Client) Left(ctx context.Context, lease string) (time.Duration, error) {
	a, err := c.call(ctx, wire.Request{Do: wire.Left, Lease: lease})
	return a.Left, err
}

// Watch implements registry.Store.
func (c *Client) Watch(ctx context.Context, prefix string, on func(registry.Batch), onHealth func(error)) error {
	retry.Follow(ctx, prefix, onHealth, func(healthy func()) error { return c.follow(ctx, prefix, on, onHealth, healthy) })
	return nil
}

// follow is one life of a watch: it returns when the connection breaks.
func (c *Client) follow(ctx context.Context, prefix string, on func(registry.Batch), onHealth func(error), healthy func()) error {
	s, err := c.connected(ctx)
	if err != nil {
		return err
	}
	w, err := s.start(wire.Request{Do: wire.Watch, Prefix: prefix})
	if err != nil {
		return err
	}
	defer w.close()
	var parts registry.Batch
	for {
		a, err := w.take(ctx)
		if err != nil {
			return err
		}
		if a.Batch != nil {
			changes := append(parts.Changes, a.Batch.Changes...)
			parts = *a.Batch
			if parts.Changes = changes; !a.More {
				on(parts)
				parts = registry.Batch{}
			}
		}
		if a.Health != nil && *a.Health == "" {
			healthy()
		} else if a.Health != nil {
			onHealth(errors.New(*a.Health))
		}
		if !a.More {
			if err := s.conn.Send(wire.Request{ID: w.id, Do: wire.Taken}); err != nil {
				return fmt.Errorf("store agent: %w", err)
			}
		}
	}
}
