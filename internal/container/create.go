package container

import (
	"context"
	"fmt"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"rundock/internal/spec"
)

// Options is what a container is created with besides its spec.
type Options struct {
	Service     string            // value of LabelService
	Hash        string            // value of LabelSpec
	Origins     Origins           // what it is made from besides the spec
	Deployment  string            // value of LabelDeployment
	Contents    string            // value of LabelContents
	Image       string            // image id or name to run; "" means the spec's
	StopTimeout int               // seconds, for `docker stop` by hand
	Secrets     map[string]string // values of the spec's EnvSecrets
	Warn        func(string)      // is told what Docker takes but ignores; nil: nobody asks
}

// Create creates a container named name from an expanded spec, without
// starting it, and returns its id. Files named by env_files, and a seccomp
// profile, are read now.
func (c *Client) Create(ctx context.Context, name string, want spec.Container, o Options) (string, error) {
	id, err := c.create(ctx, name, want, o)
	if err != nil {
		return "", fmt.Errorf("create container %s: %w", name, err)
	}
	return id, nil
}

func (c *Client) create(ctx context.Context, name string, want spec.Container, o Options) (string, error) {
	api, err := c.version(ctx)
	if err != nil {
		return "", err
	}
	if err := checkFeatures(want, api); err != nil {
		return "", err
	}
	if err := c.checkNetworks(ctx, want, o.Service); err != nil {
		return "", err
	}
	cfg, host, err := configs(want, o)
	if err != nil {
		return "", err
	}
	networks, later := endpointConfigs(want, cfg, host, api)
	r, err := c.api().ContainerCreate(ctx, cfg, host, networks, platform(want.Platform), name)
	if err != nil {
		return "", err
	}
	for _, w := range r.Warnings {
		if o.Warn != nil {
			o.Warn(w)
		}
	}
	return r.ID, c.connect(ctx, r.ID, later)
}

// platform parses os/architecture[/variant]; nil is the host's own.
func platform(s string) *ocispec.Platform {
	if s == "" {
		return nil
	}
	parts := append(strings.Split(s, "/"), "", "")
	return &ocispec.Platform{OS: parts[0], Architecture: parts[1], Variant: parts[2]}
}
