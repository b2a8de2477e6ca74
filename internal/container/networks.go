package container

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/versions"

	"rundock/internal/spec"
)

// HostNetwork is a network that dockerd has.
type HostNetwork struct {
	Name    string         `json:"name"`
	Subnets []netip.Prefix `json:"subnets"`
}

// Networks lists the networks of this host, Docker's own ones too, by name.
func (c *Client) Networks(ctx context.Context) (all []HostNetwork, err error) {
	var list []network.Summary
	err = withLimit(ctx, c.limits.inspect, func(ctx context.Context) error {
		list, err = c.api().NetworkList(ctx, network.ListOptions{})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list networks: %w", err)
	}
	for _, n := range list {
		of := HostNetwork{Name: n.Name, Subnets: []netip.Prefix{}}
		for _, config := range n.IPAM.Config {
			if p, err := netip.ParsePrefix(config.Subnet); err == nil { // or a driver has its own idea of one
				of.Subnets = append(of.Subnets, p)
			}
		}
		all = append(all, of)
	}
	slices.SortFunc(all, func(x, y HostNetwork) int { return cmp.Compare(x.Name, y.Name) })
	return all, nil
}

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
// its network, or that another has than a container of service. Docker itself finds
// that out only when it starts the container, and by then the old one is stopped.
func (c *Client) checkNetworks(ctx context.Context, want spec.Container, service string) error {
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
			err := checkSubnet(ip, r.IPAM.Config)
			if err == nil {
				err = c.checkFree(ctx, ip, r, service)
			}
			if err != nil {
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

// Lacks returns those of networks, by name or id, that the container is not in.
func (s State) Lacks(networks []string) []string {
	var lacking []string
	for _, n := range networks {
		if _, in := s.NetworkIDs[n]; !in && !slices.ContainsFunc(slices.Collect(maps.Values(s.NetworkIDs)), func(id string) bool { return strings.HasPrefix(id, n) }) {
			lacking = append(lacking, n)
		}
	}
	return lacking
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

// checkFree returns an error if ip, unless it is "", is somebody's in a network: the
// gateway's, or that of a container that runs and is none of service.
func (c *Client) checkFree(ctx context.Context, ip string, r network.Inspect, service string) error {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return nil
	}
	for _, s := range r.IPAM.Config {
		if gatewayOf(s) == a {
			return fmt.Errorf("address %s is its gateway's", ip)
		}
	}
	for id, e := range r.Containers {
		if !hasAddress(e, a) || e.Name == service {
			continue
		}
		owner, err := c.Inspect(ctx, id)
		if err != nil {
			return err
		}
		if owner.Running && owner.Labels[LabelService] != service {
			return fmt.Errorf("address %s is container %s's", ip, e.Name)
		}
	}
	return nil
}

// gatewayOf is the gateway of a subnet: its first address, which Docker takes where
// none was given, and does not tell of (seen with 20.10).
func gatewayOf(s network.IPAMConfig) netip.Addr {
	if gateway, err := netip.ParseAddr(s.Gateway); err == nil {
		return gateway
	}
	subnet, _ := netip.ParsePrefix(s.Subnet)
	return subnet.Masked().Addr().Next()
}

// hasAddress reports whether an end of a network has the address a.
func hasAddress(e network.EndpointResource, a netip.Addr) bool {
	for _, text := range []string{e.IPv4Address, e.IPv6Address} {
		if p, err := netip.ParsePrefix(text); err == nil && p.Addr() == a {
			return true
		}
	}
	return false
}

// Unpublished is why Docker publishes no port of a container that is in these
// networks alone; "" where it does, and where there are none.
func (c *Client) Unpublished(ctx context.Context, networks []string) (why string, err error) {
	for _, name := range networks {
		r, err := c.api().NetworkInspect(ctx, name, network.InspectOptions{})
		switch {
		case errdefs.IsNotFound(err):
			return "", nil // who makes the container is told so
		case err != nil:
			return "", fmt.Errorf("network %s: %w", name, err)
		case r.Internal:
			why = "network " + name + " is internal"
		case r.Driver == "macvlan" || r.Driver == "ipvlan":
			why = "network " + name + " is of driver " + r.Driver
		default:
			return "", nil
		}
	}
	return why, nil
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
