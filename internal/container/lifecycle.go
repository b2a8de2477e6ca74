package container

import (
	"context"
	"fmt"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"rundock/internal/pause"
)

// Start starts a created container.
func (c *Client) Start(ctx context.Context, id string) error {
	err := c.api().ContainerStart(ctx, id, container.StartOptions{})
	if err == nil {
		return nil
	}
	if why := c.WhyNotExecutable(ctx, id, err.Error()); why != "" {
		return fmt.Errorf("start container %s: %s: %w", short(id), why, err)
	}
	return fmt.Errorf("start container %s: %w", short(id), err)
}

// Stop sends the container its stop signal and, timeout seconds later, KILL;
// below 0 is never. It returns when the container has stopped; one that is gone
// or stopped already is no error.
func (c *Client) Stop(ctx context.Context, id string, timeout int) error {
	stop := func(ctx context.Context) error {
		return c.api().ContainerStop(ctx, id, container.StopOptions{Timeout: &timeout})
	}
	var err error
	if timeout < 0 {
		err = stop(ctx)
	} else {
		err = withLimit(ctx, time.Duration(timeout)*time.Second+c.limits.stop, stop)
	}
	if err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("stop container %s: %w", short(id), err)
	}
	return nil
}

// Pause has none of the container's processes run until Unpause.
func (c *Client) Pause(ctx context.Context, id string) error {
	err := withLimit(ctx, c.limits.pause, func(ctx context.Context) error { return c.api().ContainerPause(ctx, id) })
	if err != nil {
		return fmt.Errorf("pause container %s: %w", short(id), err)
	}
	return nil
}

// Refused reports whether err is the daemon's refusal to pause a container, as one
// that is paused already, so that nothing was done.
func Refused(err error) bool { return errdefs.IsConflict(err) }

// Unpause undoes Pause.
func (c *Client) Unpause(ctx context.Context, id string) error {
	err := withLimit(ctx, c.limits.pause, func(ctx context.Context) error { return c.api().ContainerUnpause(ctx, id) })
	if err != nil {
		return fmt.Errorf("unpause container %s: %w", short(id), err)
	}
	return nil
}

// Remove removes the container with its anonymous volumes, killing it if it
// still runs; named volumes stay. One that is gone already is no error.
func (c *Client) Remove(ctx context.Context, id string) error { return c.remove(ctx, id, true) }

// RemoveKeepingVolumes is Remove without the anonymous volumes, which stay.
func (c *Client) RemoveKeepingVolumes(ctx context.Context, id string) error {
	return c.remove(ctx, id, false)
}

func (c *Client) remove(ctx context.Context, id string, volumes bool) error {
	ctx, cancel := context.WithTimeout(ctx, c.limits.remove)
	defer cancel()
	var busy error // what the daemon said last
	for {
		err := c.api().ContainerRemove(ctx, id, container.RemoveOptions{RemoveVolumes: volumes, Force: true})
		switch {
		case err == nil || errdefs.IsNotFound(err):
			return nil
		case errdefs.IsConflict(err):
			// Somebody else removes it at this moment, or the daemon thinks so
			// ever since a removal that failed.
			if busy = err; pause.For(ctx, 100*time.Millisecond) == nil {
				continue
			}
		case busy != nil && ctx.Err() != nil:
			err = busy
		}
		return fmt.Errorf("remove container %s: %w", short(id), err)
	}
}

// Rename gives the container another name.
func (c *Client) Rename(ctx context.Context, id, name string) error {
	if err := c.api().ContainerRename(ctx, id, name); err != nil {
		return fmt.Errorf("rename container %s to %s: %w", short(id), name, err)
	}
	return nil
}

// Wait returns the container's exit code once it has stopped. A daemon that
// restarts meanwhile is waited for; only ctx ends the wait early. A container
// that was removed counts as exited with 137, as removal kills it.
func (c *Client) Wait(ctx context.Context, id string) (int, error) {
	for {
		done, failed := c.api().ContainerWait(ctx, id, container.WaitConditionNotRunning)
		select {
		case r := <-done:
			if r.Error == nil {
				return int(r.StatusCode), nil
			}
		case <-failed:
		}
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if c.Ping(ctx) == nil { // another daemon may have taken its place
			if s, err := c.Inspect(ctx, id); err == nil && !s.Exists {
				return 137, nil
			}
		}
		if err := pause.For(ctx, 250*time.Millisecond); err != nil {
			return 0, err
		}
	}
}
