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
	Address netip.Addr
	Sandbox string // path of the container's network namespace

	Unanswered error // why nothing else is known, as of a container whose start hangs
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
		if err != nil || strings.HasPrefix(id, "ep-") {
			continue // of one that is being attached
		}
		sandbox, err := c.sandbox(ctx, id)
		switch {
		case errdefs.IsNotFound(err):
		case err != nil:
			ends[e.EndpointID] = End{Unanswered: fmt.Errorf("container %s: %w", e.Name, err)}
		case sandbox != "":
			ends[e.EndpointID] = End{Address: address.Addr(), Sandbox: sandbox}
		}
	}
	return ends, nil
}

// sandbox is the path of a container's network namespace. dockerd answers
// once it is there: not while the container is being started.
func (c *Client) sandbox(ctx context.Context, id string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limits.end)
	defer cancel()
	s, err := c.api().ContainerInspect(ctx, id)
	if err != nil || s.NetworkSettings == nil {
		return "", err
	}
	return s.NetworkSettings.SandboxKey, nil
}
