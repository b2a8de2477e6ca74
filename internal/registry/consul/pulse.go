package consul

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/consul/api"
)

const (
	pulseEvery  = 2 * time.Second
	pulseAnswer = callTimeout
)

// pulse ends blocking queries when the agent, or its cluster's leader, has gone
// silent: they would wait on without a word. It asks while there is one, and
// once for all of them.
type pulse struct {
	ask func(context.Context) error

	mu      sync.Mutex
	queries map[*context.CancelCauseFunc]bool
	running bool
}

func newPulse(ask func(context.Context) error) *pulse {
	return &pulse{ask: ask, queries: map[*context.CancelCauseFunc]bool{}}
}

// during returns ctx for as long as there is a pulse; its cause is then the
// reason. done must be called when the query has ended.
func (p *pulse) during(ctx context.Context) (bound context.Context, done func()) {
	bound, cancel := context.WithCancelCause(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queries[&cancel] = true
	if !p.running {
		p.running = true
		go p.run()
	}
	return bound, func() {
		cancel(context.Canceled)
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.queries, &cancel)
	}
}

func (p *pulse) run() {
	for {
		time.Sleep(pulseEvery)
		p.mu.Lock()
		if len(p.queries) == 0 {
			p.running = false
			p.mu.Unlock()
			return
		}
		p.mu.Unlock()
		if err := p.ask(context.Background()); err != nil {
			p.stop(err)
		}
	}
}

// stop ends all queries for a reason.
func (p *pulse) stop(reason error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for cancel := range p.queries {
		(*cancel)(reason)
	}
}

// leader returns an error if the agent does not answer or knows no leader.
func (c *Client) leader(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pulseAnswer)
	defer cancel()
	leader, err := c.consul.Status().LeaderWithQueryOptions((&api.QueryOptions{}).WithContext(ctx))
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("consul: %s is silent for %s", c.address, pulseAnswer)
	case err != nil:
		return readable(err)
	case leader == "":
		return errors.New("consul: No cluster leader")
	}
	return nil
}

// blocking runs a query that waits at the agent for as long as there is a
// pulse. A wait that ended without news is no error.
func (c *Client) blocking(ctx context.Context, index uint64, query func(*api.QueryOptions) error) error {
	bound, done := c.pulse.during(ctx)
	defer done()
	err := query((&api.QueryOptions{WaitIndex: index, WaitTime: queryWait}).WithContext(bound))
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case bound.Err() != nil:
		return context.Cause(bound)
	}
	return readable(err)
}
