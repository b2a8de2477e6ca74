package container

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/volume"
)

// Volumes lists the volumes of this host that have a name, sorted: what they hold
// stays, whichever container is removed.
func (c *Client) Volumes(ctx context.Context) (names []string, err error) {
	var list volume.ListResponse
	err = withLimit(ctx, c.limits.inspect, func(ctx context.Context) error {
		list, err = c.api().VolumeList(ctx, volume.ListOptions{})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list volumes: %w", err)
	}
	for _, v := range list.Volumes {
		if !isAnonymous(v.Name) {
			names = append(names, v.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// RemoveVolume removes a volume. One that is not there is no error; one that a container has is.
func (c *Client) RemoveVolume(ctx context.Context, name string) error {
	if err := c.api().VolumeRemove(ctx, name, false); err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("remove volume %s: %w", name, err)
	}
	return nil
}

// isAnonymous reports whether a volume has no name but the one that Docker made up:
// 64 hex digits.
func isAnonymous(name string) bool {
	return len(name) == 64 && strings.Trim(name, "0123456789abcdef") == ""
}
