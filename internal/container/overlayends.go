package container

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/network"
)

// End is where a container is attached to an overlay network.
type End struct {
	ID        string // another for each start of the container
	Address   netip.Addr
	Name      string // of the container
	container string // its id
}

// endsOf leaves out what is being attached.
func endsOf(r network.Inspect) (ends []End) {
	for id, e := range r.Containers {
		address, err := netip.ParsePrefix(e.IPv4Address)
		if err == nil && !strings.HasPrefix(id, "ep-") {
			ends = append(ends, End{ID: e.EndpointID, Address: address.Addr(), Name: e.Name, container: id})
		}
	}
	return ends
}

// Sandbox is a container's network namespace.
type Sandbox struct {
	Path    string // "": the container has gone
	Several bool   // networks are in it
}

// Sandbox returns that of an end's container. dockerd answers once it is there:
// not while the container is being started.
func (c *Client) Sandbox(ctx context.Context, e End) (Sandbox, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limits.end)
	defer cancel()
	s, err := c.api().ContainerInspect(ctx, e.container)
	switch {
	case errdefs.IsNotFound(err):
		return Sandbox{}, nil
	case err != nil:
		return Sandbox{}, fmt.Errorf("container %s: %w", e.Name, err)
	case s.NetworkSettings == nil:
		return Sandbox{}, nil
	}
	return Sandbox{s.NetworkSettings.SandboxKey, len(s.NetworkSettings.Networks) > 1}, nil
}
