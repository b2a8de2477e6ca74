package container

import (
	"context"
	"fmt"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
)

// Outlets are where containers meet the host: the bridges by which their packets come,
// and the ports of the host that are published for them.
type Outlets struct {
	Bridges []Bridge
	Ports   []HostPort
}

// Bridge is the device of a network of Docker's.
type Bridge struct{ Device, Network string }

// optionBridge is of the device of a network of Docker's bridge driver.
const optionBridge = "com.docker.network.bridge.name"

// Outlets lists them, of all containers, whoever has made them.
func (c *Client) Outlets(ctx context.Context) (o Outlets, err error) {
	err = withLimit(ctx, c.limits.inspect, func(ctx context.Context) error {
		networks, err := c.api().NetworkList(ctx, network.ListOptions{Filters: filters.NewArgs(filters.Arg("driver", "bridge"))})
		if err != nil {
			return fmt.Errorf("list the networks of Docker: %w", err)
		}
		for _, n := range networks {
			name := n.Options[optionBridge]
			if name == "" && len(n.ID) >= 12 {
				name = "br-" + n.ID[:12]
			}
			o.Bridges = append(o.Bridges, Bridge{name, n.Name})
		}
		containers, err := c.api().ContainerList(ctx, container.ListOptions{})
		if err != nil {
			return fmt.Errorf("list the containers of Docker: %w", err)
		}
		for _, one := range containers {
			for _, p := range one.Ports {
				if p.PublicPort != 0 {
					o.Ports = append(o.Ports, hostPort(p.IP, int(p.PublicPort), p.Type))
				}
			}
		}
		return nil
	})
	return o, err
}

// gathered is how long after what may have changed Outlets more of it is waited for: a stack
// starts its containers together.
const gathered = 100 * time.Millisecond

// FollowOutlets calls on at once, soon after everything that may have changed Outlets, and
// whenever quiet has passed, until the connection to the daemon is lost, of which it returns
// the reason, or ctx is done.
func (c *Client) FollowOutlets(ctx context.Context, quiet time.Duration, on func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := c.Ping(ctx); err != nil {
		return err
	}
	messages, failed := c.api().Events(ctx, events.ListOptions{Filters: filters.NewArgs(
		filters.Arg("type", string(events.ContainerEventType)), filters.Arg("event", string(events.ActionStart)), filters.Arg("event", string(events.ActionDie)),
		filters.Arg("type", string(events.NetworkEventType)), filters.Arg("event", string(events.ActionCreate)), filters.Arg("event", string(events.ActionDestroy)),
	)})
	on()
	again := time.NewTimer(quiet)
	defer again.Stop()
	var soon <-chan time.Time // set from the first change until on is called
	for {
		select {
		case m := <-messages:
			// The filters name these of containers as well, which do not run then.
			ignored := m.Type == events.ContainerEventType && (m.Action == events.ActionCreate || m.Action == events.ActionDestroy)
			if !ignored && soon == nil {
				soon = time.After(gathered)
			}
		case <-soon:
			soon = nil
			on()
			again.Reset(quiet)
		case <-again.C:
			on()
			again.Reset(quiet)
		case err := <-failed:
			return err
		}
	}
}
