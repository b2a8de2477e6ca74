package container

import (
	"context"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
)

// OfService returns the containers of a service, whatever they are called now.
// One whose image has the service's label is not among them: it was made of
// what somebody has committed of a service's container.
func (c *Client) OfService(ctx context.Context, service string) (own []State, err error) {
	err = withLimit(ctx, c.limits.inspect, func(ctx context.Context) error {
		label := filters.NewArgs(filters.Arg("label", LabelService+"="+service))
		list, err := c.api().ContainerList(ctx, container.ListOptions{All: true, Filters: label})
		if err != nil {
			return err
		}
		for _, entry := range list {
			s, err := c.Inspect(ctx, entry.ID)
			if err != nil {
				return err
			}
			committed, err := c.imageIsOf(ctx, s.Image, service)
			if err != nil {
				return err
			}
			if s.Exists && !committed {
				own = append(own, s)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for the containers of %s: %w", service, err)
	}
	return own, nil
}

func (c *Client) imageIsOf(ctx context.Context, image, service string) (bool, error) {
	i, err := c.api().ImageInspect(ctx, image)
	if errdefs.IsNotFound(err) || err == nil && i.Config == nil {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return i.Config.Labels[LabelService] == service, nil
}
