package container

import (
	"context"
	"maps"
	"slices"
	"strings"

	"rundock/internal/spec"
)

// AnonymousVolumes lists, sorted, the paths at which the container s has an
// anonymous volume only because its image asks for one (VOLUME): what is written
// there goes with the container. Those that want asks for, which s was made from,
// are left out.
func (c *Client) AnonymousVolumes(ctx context.Context, s State, want spec.Container) ([]string, error) {
	others := map[string]bool{} // volumes of containers whose volumes s has
	for _, from := range want.VolumesFrom {
		name, _, _ := strings.Cut(from, ":")
		other, err := c.Inspect(ctx, name)
		if err != nil {
			return nil, err
		}
		for _, volume := range other.Volumes {
			others[volume] = true
		}
	}
	return anonymousVolumes(s.Volumes, want, others), nil
}

// anonymousVolumes is AnonymousVolumes of a container with these volumes, names by path.
func anonymousVolumes(volumes map[string]string, want spec.Container, others map[string]bool) []string {
	asked := slices.Clone(want.Volumes)
	for _, m := range want.Mounts {
		asked = append(asked, m.Target)
	}
	var list []string
	for _, path := range slices.Sorted(maps.Keys(volumes)) {
		name := volumes[path]
		if isAnonymous(name) && !others[name] && !slices.Contains(asked, path) {
			list = append(list, path)
		}
	}
	return list
}
