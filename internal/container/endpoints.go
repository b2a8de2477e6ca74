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
type Endpoint struct {
	ID        string // another for each start of the container
	Address   netip.Addr
	Name      string // of the container
	container string // its id
}

// endsOf leaves out what is being attached.
func endpointsOf(r network.Inspect) (ends []Endpoint) {
	for id, e := range r.Containers {
		address, err := netip.ParsePrefix(e.IPv4Address)
		if err == nil && !strings.HasPrefix(id, "ep-") {
			ends = append(ends, Endpoint{ID: e.EndpointID, Address: address.Addr(), Name: e.Name, container: id})
		}
	}
	return ends
}

// Sandbox returns the path of the network namespace of an end's container, "" of
// one that has gone. dockerd answers once it is there: not while the container
// is being started.
func (c *Client) Sandbox(ctx context.Context, e Endpoint) (path string, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.limits.endpoint)
	defer cancel()
	s, err := c.api().ContainerInspect(ctx, e.container)
	switch {
	case errdefs.IsNotFound(err):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("container %s: %w", e.Name, err)
	case s.NetworkSettings == nil:
		return "", nil
	}
	return s.NetworkSettings.SandboxKey, nil
}
