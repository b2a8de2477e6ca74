package servicecontainer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rundock/internal/container"
	"rundock/internal/hostconfig"
	"rundock/internal/spec"
)

// Expand fills what the host gives into want, reading host.json: its addresses
// and its resolvers.
func Expand(want spec.Container) (spec.Container, container.Origins, error) {
	var from container.Origins
	names := want.Variables()
	if len(names) == 0 && !want.WantsResolvers() {
		return want, from, nil
	}
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return want, from, err
	}
	vars, err := Variables(host, names)
	if err != nil {
		return want, from, err
	}
	var label []string
	for _, n := range slices.Sorted(maps.Keys(vars)) {
		label = append(label, n+"="+vars[n])
	}
	from.Addresses = strings.Join(label, " ")
	full := want.Expand(vars)
	if want.WantsResolvers() {
		full.DNS, from.Resolver, err = host.Resolvers()
	}
	return full, from, err
}

// Variables returns the values of the named variables on this host.
func Variables(host hostconfig.Config, names []string) (map[string]string, error) {
	vars := map[string]string{}
	for _, n := range names {
		switch n {
		case "HOST":
			vars[n] = host.Host
			continue
		case "PUBLIC_IP":
			a, err := host.PublicAddress()
			if err != nil {
				return nil, fmt.Errorf("$%s: %w", n, err)
			}
			vars[n] = a.String()
		default: // PRIVATE_IP, ANNOUNCE_IP
			a, err := host.PrivateAddress()
			if err != nil {
				return nil, fmt.Errorf("$%s: %w", n, err)
			}
			vars[n] = a.String()
		}
	}
	return vars, nil
}
