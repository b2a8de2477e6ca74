package container

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
)

// Image is an image on this host.
type Image struct {
	ID      string
	Names   []string // NAME:TAG, sorted
	Digests []string // by which image registries know it, NAME@sha256:..., sorted
	Size    int64    // bytes
}

// Images lists the images of this host, by id.
func (c *Client) Images(ctx context.Context) (all []Image, err error) {
	return c.images(ctx, image.ListOptions{})
}

// ImagesLabelled lists those that have a label, by id.
func (c *Client) ImagesLabelled(ctx context.Context, label, value string) (all []Image, err error) {
	return c.images(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", label+"="+value))})
}

// ImageLabels lists what images with a name have as a label, each once, sorted.
func (c *Client) ImageLabels(ctx context.Context, label string) (values []string, err error) {
	list, err := c.list(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", label))})
	for _, i := range list {
		if len(named(i.RepoTags)) > 0 {
			values = append(values, i.Labels[label])
		}
	}
	slices.Sort(values)
	return slices.Compact(values), err
}

func (c *Client) images(ctx context.Context, o image.ListOptions) (all []Image, err error) {
	list, err := c.list(ctx, o)
	for _, i := range list {
		all = append(all, Image{ID: i.ID, Names: named(i.RepoTags), Digests: named(i.RepoDigests), Size: i.Size})
	}
	slices.SortFunc(all, func(a, b Image) int { return strings.Compare(a.ID, b.ID) })
	return all, err
}

func (c *Client) list(ctx context.Context, o image.ListOptions) (list []image.Summary, err error) {
	err = withLimit(ctx, c.limits.inspect, func(ctx context.Context) error {
		list, err = c.api().ImageList(ctx, o)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list images: %w", err)
	}
	return list, nil
}

// named are the references of list that name something, sorted: the daemon says
// <none>:<none> of an image that has lost its name to another.
func named(list []string) []string {
	names := slices.DeleteFunc(slices.Clone(list), func(ref string) bool { return strings.HasPrefix(ref, "<none>") })
	slices.Sort(names)
	return names
}

// Daemon is what a daemon says of itself.
type Daemon struct {
	Version string
	Root    string // folder with its images, containers and volumes
}

// Daemon asks the daemon about itself.
func (c *Client) Daemon(ctx context.Context) (d Daemon, err error) {
	err = withLimit(ctx, c.limits.ping, func(ctx context.Context) error {
		info, err := c.api().Info(ctx)
		d = Daemon{Version: info.ServerVersion, Root: info.DockerRootDir}
		return err
	})
	if err != nil {
		return d, fmt.Errorf("ask dockerd about itself: %w", err)
	}
	return d, nil
}

// Layer is an image as the builder sees it: one of a step, which mostly has no name, or a whole one.
type Layer struct {
	ID, Parent string    // sha256:...; Parent is "" where it was not built here
	Created    time.Time // in whole seconds
	Named      bool
}

// Short is the id as the builder tells it.
func (l Layer) Short() string { return short(strings.TrimPrefix(l.ID, "sha256:")) }

// Layers lists all images of this host, those of steps of builds too.
func (c *Client) Layers(ctx context.Context) (all []Layer, err error) {
	list, err := c.list(ctx, image.ListOptions{All: true})
	for _, i := range list {
		all = append(all, Layer{i.ID, i.ParentID, time.Unix(i.Created, 0), len(named(i.RepoTags))+len(named(i.RepoDigests)) > 0})
	}
	return all, err
}

// RemoveLayer removes an image by its id, and nothing that it was made of. One that there is no more, or that
// somebody uses meanwhile, is no error.
func (c *Client) RemoveLayer(ctx context.Context, id string) error {
	_, err := c.api().ImageRemove(ctx, id, image.RemoveOptions{})
	if err != nil && !errdefs.IsNotFound(err) && !errdefs.IsConflict(err) {
		return fmt.Errorf("remove image %s: %w", id, err)
	}
	return nil
}
