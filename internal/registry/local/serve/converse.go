package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"rundock/internal/registry"
	"rundock/internal/registry/leasing"
	"rundock/internal/registry/local/wire"
)

// partSize is how many changes a part of a batch has.
const partSize = 1000

// conversation is one client's connection.
type conversation struct {
	server *Server
	limits *Limits // nil: there are none
	conn   *wire.Conn
	tasks  sync.WaitGroup

	mu       sync.Mutex
	requests map[uint64]*request
}

// request is one that is not answered yet.
type request struct {
	cancel context.CancelFunc
	taken  chan struct{} // holds one token when a watcher wants more
}

// converse answers a client until it leaves.
func (s *Server) converse(ctx context.Context, conn net.Conn, limits *Limits) {
	ctx, cancel := context.WithCancel(ctx)
	c := &conversation{server: s, limits: limits, conn: wire.New(conn), requests: map[uint64]*request{}}
	stop := context.AfterFunc(ctx, func() { c.conn.Close() })
	defer stop()
	defer c.tasks.Wait()
	defer cancel()
	defer c.conn.Close()
	var hello wire.Request
	if c.conn.Receive(&hello) != nil || hello.Do != wire.Hello {
		return
	}
	c.conn.Send(wire.Answer{ID: hello.ID, Version: wire.Version, Away: s.store.NoAnswer(registry.Goodbye).Error()})
	if hello.Version != wire.Version {
		s.log.Warn("a client speaks another version", "its", hello.Version, "ours", wire.Version)
		return
	}
	s.count(1)
	defer s.count(-1)
	for {
		var r wire.Request
		if c.conn.Receive(&r) != nil {
			return
		}
		switch r.Do {
		case wire.Ping:
			c.tasks.Go(func() { c.conn.Send(wire.Answer{ID: r.ID}) })
		case wire.Cancel:
			if known := c.request(r.ID); known != nil {
				known.cancel()
			}
		case wire.Taken:
			if known := c.request(r.ID); known != nil {
				select {
				case known.taken <- struct{}{}:
				default:
				}
			}
		default:
			c.begin(ctx, r)
		}
	}
}

func (c *conversation) request(id uint64) *request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests[id]
}

// begin has a request answered beside the others.
func (c *conversation) begin(ctx context.Context, r wire.Request) {
	ctx, cancel := context.WithCancel(ctx)
	now := &request{cancel: cancel, taken: make(chan struct{}, 1)}
	c.mu.Lock()
	c.requests[r.ID] = now
	c.mu.Unlock()
	c.tasks.Go(func() {
		defer cancel()
		a, err := c.answer(ctx, r, now.taken)
		c.mu.Lock()
		delete(c.requests, r.ID)
		c.mu.Unlock()
		if ctx.Err() != nil {
			return // nobody waits for it
		}
		a.ID = r.ID
		if err != nil {
			a = wire.Answer{ID: r.ID, Error: err.Error(), Gone: errors.Is(err, leasing.ErrGone)}
		}
		c.conn.Send(a)
	})
}

func (c *conversation) answer(ctx context.Context, r wire.Request, taken <-chan struct{}) (a wire.Answer, err error) {
	if err := c.limits.check(r); err != nil {
		return a, err
	}
	s := c.server
	// What is begun of these is finished, also for a client that is gone: whether
	// it was done would not be known.
	finish := context.WithoutCancel(ctx)
	switch r.Do {
	case wire.Grant:
		a.Lease, err = s.grant(finish, r.TTL)
		a.Expiry = s.store.Expiry(r.TTL)
	case wire.Renew:
		a.Age, err = s.prolong(ctx, r.Lease)
	case wire.Revoke:
		s.mu.Lock()
		h := s.holders[r.Lease]
		s.mu.Unlock()
		if h != nil {
			err = s.release(finish, h)
		}
	case wire.Claim:
		var claimed leasing.Claimed
		claimed, err = s.claim(ctx, r.Lease, r.Items)
		a.Claimed = &claimed
	case wire.Changed:
		err = s.store.Changed(ctx, r.Revision, r.Items)
	case wire.Read:
		a.Found, err = s.store.Read(ctx, r.Keys)
	case wire.List:
		a.Listed, a.Revision, err = s.store.List(ctx, r.Prefix)
	case wire.Swap:
		if r.Swap == nil {
			return a, errors.New("swap: nothing to write")
		}
		a.Done, err = s.swap(finish, *r.Swap)
	case wire.Transact:
		if len(r.Swaps) == 0 {
			return a, errors.New("transact: nothing to write")
		}
		a.Done, err = s.store.Transact(finish, r.Swaps)
	case wire.Left:
		a.Left, err = s.store.Left(ctx, r.Lease)
	case wire.Watch:
		err = c.give(ctx, r, taken)
	default:
		err = fmt.Errorf("unknown request %q", r.Do)
	}
	return a, err
}

// give sends what there is to watch, one batch at a time.
func (c *conversation) give(ctx context.Context, r wire.Request, taken <-chan struct{}) error {
	w, leave := c.server.watch(r.Prefix)
	defer leave()
	for {
		batch, health, err := w.take(ctx)
		if err != nil {
			return err
		}
		for batch != nil && len(batch.Changes) > partSize {
			part := *batch
			part.Changes, batch.Changes = part.Changes[:partSize], part.Changes[partSize:]
			if err := c.conn.Send(wire.Answer{ID: r.ID, Batch: &part, More: true}); err != nil {
				return err
			}
		}
		if err := c.conn.Send(wire.Answer{ID: r.ID, Batch: batch, Health: health}); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-taken:
		}
	}
}
