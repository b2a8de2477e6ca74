package container

import (
	"context"
	"sync"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"rundock/internal/pause"
)

// retry is how long a lost connection to the daemon is left alone.
const retry = 250 * time.Millisecond

// Follower is told of a container by Follow.
type Follower struct {
	State func(State) // what the daemon says
	Ended func(State) // the first process of this run has ended, of which the daemon may not have heard; called from a goroutine of its own
}

// Follow calls f.State with the state of the container named name: at once, and
// after everything that happens to it; now and then also without an event, as
// one may have been lost. While the daemon cannot be reached, or hangs, f.State is
// told so once with State.Unreachable. Where the container's first process is on
// this host, f.Ended follows the State of each of its runs as soon as that ends.
// Follow returns nil when ctx is done.
func (c *Client) Follow(ctx context.Context, name string, f Follower) error {
	args := filters.NewArgs(filters.Arg("type", string(events.ContainerEventType)), filters.Arg("container", name))
	var first firstProcess
	var watching sync.WaitGroup
	defer watching.Wait()
	defer first.close()
	lost := false
	for ctx.Err() == nil {
		err := c.followOnce(ctx, name, args, func(s State) {
			lost = false
			ended := first.watch(s)
			s.Unwatched = first.err
			f.State(s)
			if ended != nil {
				watching.Go(func() {
					if ended() {
						f.Ended(s)
					}
				})
			}
		})
		if ctx.Err() != nil {
			break
		}
		if !lost {
			lost = true
			f.State(State{Unreachable: err})
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
