package container

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/errdefs"

	"rundock/internal/spec"
)

// HasContents reports whether the files of want (spec.Container.Files) hold now
// what the container id was made from, as far as its environment and its seccomp
// profile tell; a file that cannot be read now held something else. It is for
// containers without LabelContents.
func (c *Client) HasContents(ctx context.Context, id string, want spec.Container, secrets map[string]string) (bool, error) {
	now, host, err := configs(want, Options{Secrets: secrets})
	if err != nil {
		return false, nil
	}
	made, err := c.api().ContainerInspect(ctx, id)
	if err != nil {
		return false, fmt.Errorf("inspect container %s: %w", short(id), err)
	}
	var inherited []string
	image, err := c.api().ImageInspect(ctx, made.Image)
	switch {
	case errdefs.IsNotFound(err):
		inherited = made.Config.Env // nobody knows any more which of them are the image's
	case err != nil:
		return false, fmt.Errorf("inspect image of container %s: %w", short(id), err)
	case image.Config != nil:
		inherited = image.Config.Env
	}
	return sameEnvironment(made.Config.Env, now.Env, inherited) && profile(made.HostConfig.SecurityOpt) == profile(host.SecurityOpt), nil
}

// sameEnvironment reports whether a container with the environment has was
// given own, and nothing else but what it inherited from its image.
func sameEnvironment(has, own, inherited []string) bool {
	for _, v := range own {
		if !slices.Contains(has, v) {
			return false
		}
	}
	for _, v := range has {
		if !slices.Contains(own, v) && !slices.Contains(inherited, v) {
			return false
		}
	}
	return true
}

// profile is the seccomp profile among security options, "" for Docker's own.
func profile(options []string) string {
	for _, o := range options {
		if p, ok := strings.CutPrefix(o, "seccomp="); ok {
			return p
		}
	}
	return ""
}
