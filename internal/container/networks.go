package container

import (
	"context"
	"fmt"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/versions"

	"rundock/internal/spec"
)

// several is the API version from which a container is created in several
// networks at once, each with a MAC address of its own.
const several = "1.44"

// attach says in which networks cfg and host are to be, in the terms of an
// API version. later are those that the created container must be connected
// to one by one.
func attach(want spec.Container, cfg *container.Config, host *container.HostConfig, api string) (at *network.NetworkingConfig, later []spec.Network) {
	at = &network.NetworkingConfig{}
	if want.Endpoint == nil && want.Networks == nil {
		return at, nil
	}
	at.EndpointsConfig = map[string]*network.EndpointSettings{}
	if want.Endpoint != nil {
		if want.Network == "" {
			host.NetworkMode = network.NetworkBridge
		}
		e := endpoint(*want.Endpoint)
		if versions.LessThan(api, several) {
			cfg.MacAddress, e.MacAddress = e.MacAddress, "" //nolint:staticcheck // for old daemons alone
		}
		at.EndpointsConfig[string(host.NetworkMode)] = e
	} else {
		at.EndpointsConfig[want.Network] = &network.EndpointSettings{}
	}
	if versions.LessThan(api, several) {
		return at, want.Networks
	}
	for _, n := range want.Networks {
		at.EndpointsConfig[n.Name] = endpoint(n)
	}
	return at, nil
}

func endpoint(n spec.Network) *network.EndpointSettings {
	e := &network.EndpointSettings{Aliases: n.Aliases, MacAddress: n.MAC, DriverOpts: n.DriverOptions, GwPriority: n.Priority}
	if n.IPv4 != "" || n.IPv6 != "" || n.LinkLocalIPs != nil {
		e.IPAMConfig = &network.EndpointIPAMConfig{IPv4Address: n.IPv4, IPv6Address: n.IPv6, LinkLocalIPs: n.LinkLocalIPs}
	}
	return e
}

// connect puts a created container into further networks. One that cannot be
// connected is removed.
func (c *Client) connect(ctx context.Context, id string, networks []spec.Network) error {
	for _, n := range networks {
		if err := c.api.NetworkConnect(ctx, n.Name, id, endpoint(n)); err != nil {
			err = fmt.Errorf("network %s: %w", n.Name, err)
			if removeErr := c.Remove(context.WithoutCancel(ctx), id); removeErr != nil {
				err = fmt.Errorf("%w; and %w", err, removeErr)
			}
			return err
		}
	}
	return nil
}
