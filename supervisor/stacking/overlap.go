package stacking

import (
	"fmt"
	"net/netip"

	"rundock/internal/stack/network"
	"rundock/internal/stack/release"
)

// overlaps are lines of the stack's own networks whose subnet overlaps another network that
// Docker has on a host that needs them, which that host would refuse.
func overlaps(r release.Release, told map[string]*facts) (refused []string) {
	for _, key := range sortedKeys(r.Networks) {
		subnet, err := netip.ParsePrefix(r.Networks[key].Subnet)
		if err != nil {
			continue // no release of ours wrote it
		}
		for _, host := range sortedKeys(told) {
			if told[host] == nil {
				continue
			}
			for _, other := range told[host].DockerNetworks {
				for _, of := range other.Subnets {
					if other.Name != network.Name(r.Model.Networks[key].Name) && of.Overlaps(subnet) && r.Needs(host, key) {
						refused = append(refused, fmt.Sprintf("network %s refused: its subnet %s overlaps %s of Docker's network %s on %s: give it another subnet, or remove that network", key, subnet, of, other.Name, host))
					}
				}
			}
		}
	}
	return refused
}
