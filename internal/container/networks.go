package container

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/versions"

	"rundock/internal/spec"
)

// severalNetworksAPI is the first API version that creates a container in several
// networks at once, each with a MAC address of its own.
const severalNetworksAPI = "1.44"

// endpointConfigs says in which networks the container is to be, in the terms of
// an API version; it completes cfg and host. later are the networks that the
// created container must be connected to one by one.
func endpointConfigs(want spec.Container, cfg *container.Config, host *container.HostConfig, api string) (at *network.NetworkingConfig, later []spec.Network) {
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
		if versions.LessThan(api, severalNetworksAPI) {
			cfg.MacAddress, e.MacAddress = e.MacAddress, "" //nolint:staticcheck // for old daemons alone
		}
		at.EndpointsConfig[string(host.NetworkMode)] = e
	} else {
		at.EndpointsConfig[want.Network] = &network.EndpointSettings{}
	}
	if versions.LessThan(api, severalNetworksAPI) {
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

// checkNetworks returns an error that names what is missing: a network, or a
// container whose namespace is to be shared; or an address that is in no subnet of
// its network. Docker itself finds that out only when it starts the
// container, and by then the old one is stopped.
func (c *Client) checkNetworks(ctx context.Context, want spec.Container) error {
	partners, err := c.Partners(ctx, want.Shares())
	if err != nil {
		return err
	}
	for _, p := range partners {
		if p.ID == "" {
			return fmt.Errorf("%s of container:%s: there is no such container", p.What, p.With)
		}
	}
	for _, n := range want.Joined() {
		r, err := c.api().NetworkInspect(ctx, n.Name, network.InspectOptions{})
		if errdefs.IsNotFound(err) {
			return fmt.Errorf("network %s: there is no such network", n.Name)
		}
		if err != nil {
			return fmt.Errorf("network %s: %w", n.Name, err)
		}
		for _, ip := range []string{n.IPv4, n.IPv6} {
			if err := checkSubnet(ip, r.IPAM.Config); err != nil {
				return fmt.Errorf("network %s: %w", n.Name, err)
			}
		}
	}
	return nil
}

// HasNetwork reports whether there is a network of that name.
func (c *Client) HasNetwork(ctx context.Context, name string) (bool, error) {
	err := withLimit(ctx, c.limits.inspect, func(ctx context.Context) error {
		_, err := c.api().NetworkInspect(ctx, name, network.InspectOptions{})
		return err
	})
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("network %s: %w", name, err)
	}
	return true, nil
}

// Join puts a container that runs into a network.
func (c *Client) Join(ctx context.Context, id string, n spec.Network) error {
	if err := c.api().NetworkConnect(ctx, n.Name, id, endpoint(n)); err != nil {
		return fmt.Errorf("network %s: %w", n.Name, err)
	}
	return nil
}

// checkSubnet returns an error if ip, unless it is "", is in none of the subnets.
func checkSubnet(ip string, subnets []network.IPAMConfig) error {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return nil
	}
	var all []string
	for _, s := range subnets {
		p, err := netip.ParsePrefix(s.Subnet)
		if err != nil || p.Contains(a) {
			return nil // what cannot be read is left to the daemon
		}
		all = append(all, s.Subnet)
	}
	return fmt.Errorf("address %s is in none of its subnets: %s", ip, strings.Join(all, ", "))
}

// connect puts a created container into more networks. One that cannot be
// connected is removed.
func (c *Client) connect(ctx context.Context, id string, networks []spec.Network) error {
	for _, n := range networks {
		if err := c.api().NetworkConnect(ctx, n.Name, id, endpoint(n)); err != nil {
			err = fmt.Errorf("network %s: %w", n.Name, err)
			if removeErr := c.Remove(context.WithoutCancel(ctx), id); removeErr != nil {
				err = fmt.Errorf("%w; and %w", err, removeErr)
			}
			return err
		}
	}
	return nil
}
