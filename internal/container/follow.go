package container

import (
	"context"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"rundock/internal/pause"
)

// retry is how long a lost connection to the daemon is left alone.
const retry = 250 * time.Millisecond

// Follow calls on with the state of the container named name: at once, and
// after everything that happens to it; now and then also without an event, as
// one may have been lost. While the daemon cannot be reached, or hangs, on is
// told so once with State.Unknown. Follow returns nil when ctx is done.
func (c *Client) Follow(ctx context.Context, name string, on func(State)) error {
	args := filters.NewArgs(filters.Arg("type", string(events.ContainerEventType)), filters.Arg("container", name))
	lost := false
	for ctx.Err() == nil {
		err := c.followOnce(ctx, name, args, func(s State) { lost = false; on(s) })
		if ctx.Err() != nil {
			break
		}
		if !lost {
			lost = true
			on(State{Unreachable: err})
		}
		if pause.For(ctx, retry) != nil {
			break
		}
	}
	return nil
}

// followOnce follows over one connection, and returns why it ended.
func (c *Client) followOnce(ctx context.Context, name string, args filters.Args, on func(State)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := c.Ping(ctx); err != nil {
		return err
	}
	// Subscribed before the first look, so that nothing falls in between.
	messages, failed := c.api().Events(ctx, events.ListOptions{Filters: args})
	look := func() error {
		s, err := c.Inspect(ctx, name)
		if err == nil {
			on(s)
		}
		return err
	}
	if err := look(); err != nil {
		return err
	}
	again := time.NewTicker(c.limits.quiet)
	defer again.Stop()
	for {
		select {
		case m := <-messages:
			if !changesState(m.Action) {
				continue
			}
			if err := look(); err != nil {
				return err
			}
		case <-again.C:
			// A daemon that hangs keeps the connection, and says nothing.
			if err := c.Ping(ctx); err != nil {
				return err
			}
			if err := look(); err != nil {
				return err
			}
		case err := <-failed:
			return err
		}
	}
}

// changesState leaves out what happens often and says nothing: the exec
// events of every HEALTHCHECK among them.
func changesState(a events.Action) bool {
	switch a {
	case events.ActionStart, events.ActionDie, events.ActionStop, events.ActionDestroy, events.ActionRename,
		events.ActionPause, events.ActionUnPause, events.ActionOOM, events.ActionCreate,
		events.ActionHealthStatusHealthy, events.ActionHealthStatusUnhealthy, events.ActionHealthStatusRunning, events.ActionHealthStatus:
		return true
	}
	return false
}
