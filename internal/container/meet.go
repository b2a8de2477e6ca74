package container

import (
	"context"
	"fmt"
	"time"

	"github.com/docker/docker/api/types"
)

// limits are how long the daemon is given where nothing slow is asked of it:
// one that hangs still accepts connections, and never answers.
type limits struct {
	ping    time.Duration
	inspect time.Duration // waits for the container's lock, which a start holds
	remove  time.Duration
	quiet   time.Duration // between looks without an event
	end     time.Duration // for a container of a network, among others
}

var defaultLimits = limits{ping: 10 * time.Second, inspect: 30 * time.Second, remove: time.Minute, quiet: 15 * time.Second, end: time.Second}

// Ping returns an error while the daemon does not answer.
//
// It notices a daemon of another release in the place of the one before, with
// which an API version was agreed on that this one may not speak any more:
// Docker 29 refuses what was the newest of 24. Whoever waits for a daemon that
// restarts has to call it.
func (c *Client) Ping(ctx context.Context) error {
	return bounded(ctx, c.limits.ping, func(ctx context.Context) error {
		p, err := c.api().Ping(ctx)
		if err == nil {
			err = c.meet(p.APIVersion)
		}
		if err != nil {
			return fmt.Errorf("reach dockerd at %s: %w", c.api().DaemonHost(), err)
		}
		return nil
	})
}

// meet is told the API version of the daemon. The Docker client agrees on one
// once in its life, and only ever on an older one.
func (c *Client) meet(version string) error {
	c.meeting.Lock()
	defer c.meeting.Unlock()
	if version == c.daemon {
		return nil
	}
	next, err := newEngine()
	if err != nil {
		return err
	}
	next.NegotiateAPIVersionPing(types.Ping{APIVersion: version}) // what is asked next may depend on it
	c.engine.Swap(next).Close()                                   // leaves what is under way alone
	c.daemon = version
	return nil
}

// bounded has the daemon asked something that it answers within limit unless
// it hangs.
func bounded(ctx context.Context, limit time.Duration, ask func(context.Context) error) error {
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := ask(within)
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("dockerd does not answer within %s", limit)
	}
	return err
}
