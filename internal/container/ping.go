package container

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docker/docker/api/types"
)

// limits are how long the daemon is given where nothing slow is asked of it:
// one that hangs still accepts connections, and never answers.
type limits struct {
	ping     time.Duration
	inspect  time.Duration // waits for the container's lock, which a start holds
	remove   time.Duration
	stop     time.Duration // beyond the time that the container is given to end
	pause    time.Duration
	quiet    time.Duration // between looks without an event
	endpoint time.Duration // for each container of a network
}

var defaultLimits = limits{ping: 10 * time.Second, inspect: 30 * time.Second, remove: time.Minute, stop: time.Minute, pause: time.Minute, quiet: 15 * time.Second, endpoint: time.Second}

// Ping returns an error while the daemon does not answer.
//
// Whoever waits for a daemon that restarts has to call it: Ping notices that
// another release has taken its place. That one may not speak the API version
// which was agreed on before: Docker 29 refuses what was the newest of 24.
func (c *Client) Ping(ctx context.Context) error {
	return withLimit(ctx, c.limits.ping, func(ctx context.Context) error {
		p, err := c.api().Ping(ctx)
		if err == nil {
			err = c.renegotiate(p.APIVersion)
		}
		if err != nil {
			return fmt.Errorf("reach dockerd at %s: %w", c.api().DaemonHost(), err)
		}
		return nil
	})
}

// renegotiate takes another engine when the daemon's API version has changed.
// The Docker client agrees on a version once in its life, and only ever on an
// older one.
func (c *Client) renegotiate(version string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if version == c.daemonAPI {
		return nil
	}
	next, err := newEngine()
	if err != nil {
		return err
	}
	next.NegotiateAPIVersionPing(types.Ping{APIVersion: version}) // what is asked next may depend on it
	c.engine.Swap(next).Close()                                   // leaves what is under way alone
	c.daemonAPI = version
	return nil
}

// withLimit asks the daemon something that it answers within limit, or until ctx's
// deadline, unless it hangs.
func withLimit(ctx context.Context, limit time.Duration, ask func(context.Context) error) error {
	if at, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(at).Round(100*time.Millisecond))
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := ask(within)
	if err != nil && within.Err() != nil && !errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("dockerd does not answer within %s", limit)
	}
	return err
}
