package container

import (
	"context"
	"fmt"
	"slices"

	"github.com/docker/docker/api/types/versions"

	"rundock/internal/spec"
)

// features are options that older daemons do not know: with them a create
// would fail with a word about JSON, or silently leave them out. Source:
// moby's docs/api/version-history.md.
var features = []struct {
	api    string // the first version of the Engine API that has it
	docker string // and of Docker
	option string // as a parameter, and as a flag
	used   func(spec.Container) bool
}{
	{"1.42", "23.0", "mounts create_mountpoint (--mount bind-create-src)", anyMount(func(m spec.Mount) bool { return m.CreateSource })},
	{"1.43", "24.0", "annotations (--annotation)", func(c spec.Container) bool { return len(c.Annotations) > 0 }},
	{"1.44", "25.0", "healthcheck start_interval (--health-start-interval)", func(c spec.Container) bool { return c.Healthcheck != nil && c.Healthcheck.StartInterval != "" }},
	{"1.44", "25.0", "mounts read_only_force_recursive (--mount bind-recursive=readonly)", anyMount(func(m spec.Mount) bool { return m.Recursive == "readonly" })},
	{"1.44", "25.0", "networks mac_address of a second network (--network mac-address)", func(c spec.Container) bool {
		return slices.ContainsFunc(c.Networks, func(n spec.Network) bool { return n.MAC != "" })
	}},
	{"1.45", "26.0", "mounts subpath (--mount volume-subpath)", anyMount(func(m spec.Mount) bool { return m.Subpath != "" })},
	{"1.48", "28.0", "networks gw_priority (--network gw-priority)", func(c spec.Container) bool {
		return c.Endpoint != nil && c.Endpoint.Priority != 0 || slices.ContainsFunc(c.Networks, func(n spec.Network) bool { return n.Priority != 0 })
	}},
}

func anyMount(uses func(spec.Mount) bool) func(spec.Container) bool {
	return func(c spec.Container) bool { return slices.ContainsFunc(c.Mounts, uses) }
}

// checkFeatures returns an error that names the first option of want that a daemon
// of this API version does not know.
func checkFeatures(want spec.Container, api string) error {
	for _, f := range features {
		if f.used(want) && versions.LessThan(api, f.api) {
			return fmt.Errorf("%s needs Docker Engine API %s (Docker %s); the daemon of this host speaks %s", f.option, f.api, f.docker, api)
		}
	}
	return nil
}

// Supports returns an error that names an option of want which the daemon is
// too old for.
func (c *Client) Supports(ctx context.Context, want spec.Container) error {
	api, err := c.version(ctx)
	if err != nil {
		return err
	}
	return checkFeatures(want, api)
}

// version is the version of the Engine API that client and daemon speak.
func (c *Client) version(ctx context.Context) (string, error) {
	if err := c.Ping(ctx); err != nil {
		return "", err
	}
	return c.api().ClientVersion(), nil
}
