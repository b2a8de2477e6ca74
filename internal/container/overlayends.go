package container

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/network"
)

// End is where a container is attached to an overlay network.
type End struct {
	Address netip.Addr
	Sandbox string // path of the container's network namespace
}

// OverlayEnds returns the ends of the network's containers, by an id that is
// another for each start of a container. Of those that are known alone the id is
// said, as for the rest each container must be asked for.
func (c *Client) OverlayEnds(ctx context.Context, name string, known func(id string) bool) (map[string]End, error) {
	r, err := c.api().NetworkInspect(ctx, name, network.InspectOptions{})
	if err != nil {
		return nil, fmt.Errorf("docker network %s: %w", name, err)
	}
	ends := map[string]End{}
	for id, e := range r.Containers {
		if known(e.EndpointID) {
			ends[e.EndpointID] = End{}
			continue
		}
		address, err := netip.ParsePrefix(e.IPv4Address)
		if err != nil {
			continue // of one that is being attached
		}
		s, err := c.api().ContainerInspect(ctx, id)
		if errdefs.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("container %s: %w", e.Name, err)
		}
		if s.NetworkSettings != nil && s.NetworkSettings.SandboxKey != "" {
			ends[e.EndpointID] = End{address.Addr(), s.NetworkSettings.SandboxKey}
		}
	}
	return ends, nil
}
