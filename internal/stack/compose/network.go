package compose

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"rundock/internal/spec"
	"rundock/internal/stack"
)

// shares are the namespaces and volumes of others that the container is to
// have: those of services of the stack make a pod.
func (v *servicing) shares() {
	for _, mode := range []struct {
		key, flag, value string
		into             *string
	}{
		{"network_mode", "network", v.c.NetworkMode, &v.s.Pod.Network},
		{"ipc", "ipc", v.c.Ipc, &v.s.Pod.IPC},
		{"pid", "pid", v.c.Pid, &v.s.Pod.PID},
	} {
		service, ok := strings.CutPrefix(mode.value, types.ServicePrefix)
		switch {
		case ok:
			*mode.into = service
			v.set(mode.key, mode.flag, shared+service)
		case strings.HasPrefix(mode.value, shared):
			v.fail(mode.key, "%s: which host has that container, nobody knows: make it a service of the stack, and write service:NAME", mode.value)
		case mode.key != "network_mode":
			v.set(mode.key, mode.flag, mode.value)
		}
	}
	for _, from := range v.c.VolumesFrom {
		if strings.HasPrefix(from, shared) {
			v.fail("volumes_from", "%s: which host has that container, nobody knows: make it a service of the stack", from)
			continue
		}
		v.s.Pod.VolumesFrom = append(v.s.Pod.VolumesFrom, strings.TrimSuffix(from, ":rw"))
	}
	v.set("uts", "uts", v.c.Uts)
	v.set("userns_mode", "userns", v.c.UserNSMode)
	v.set("cgroup", "cgroupns", v.c.Cgroup)
}

// networks are those that instances are in, and how.
func (v *servicing) networks() {
	v.setEach("dns", "dns", v.c.DNS)
	v.setEach("dns_opt", "dns-option", v.c.DNSOpts)
	v.setEach("dns_search", "dns-search", v.c.DNSSearch)
	for _, name := range sortedKeys(v.c.ExtraHosts) {
		for _, ip := range v.c.ExtraHosts[name] {
			v.set("extra_hosts", "add-host", name+":"+ip)
		}
	}
	switch mode := v.c.NetworkMode; mode {
	case "":
		for _, key := range sortedKeys(v.c.Networks) {
			v.join(key, v.c.Networks[key])
		}
	case "host", "none":
		v.set("network_mode", "network", mode)
		if v.containerName() != "" {
			v.note("container_name", "it is found as %s, and its containers are called %s-%s-1 and so on", v.name, v.in.Name, v.name)
		}
	case "bridge", "default":
		v.note("network_mode", "%s is taken for the stack's default network, on which services of all hosts find each other", mode)
		v.join(defaultNetwork, nil)
	default:
		if !strings.HasPrefix(mode, types.ServicePrefix) && !strings.HasPrefix(mode, shared) {
			v.fail("network_mode", "%s: allowed: host, none, bridge, service:NAME; networks names networks", mode)
		}
	}
	if v.c.MacAddress != "" && len(v.s.Networks) != 1 {
		v.fail("mac_address", "it is of a container in one network, and the service is in %d; networks.NAME.mac_address is of each", len(v.s.Networks))
	}
}

// containerName is container_name, unless it is the service's own name.
func (v *servicing) containerName() string {
	name, _ := v.c.Extensions[containerNameKey].(string)
	if name == v.name {
		return ""
	}
	return name
}

// defaultNetwork is the key of the network of services that name none.
const defaultNetwork = "default"

// join puts the service into the network called key.
func (v *servicing) join(key string, c *types.ServiceNetworkConfig) {
	where := "networks." + key
	pairs := []spec.Pair{{Key: "name", Value: "network"}}
	add := func(name string, values ...string) {
		for _, value := range values {
			if value != "" {
				pairs = append(pairs, spec.Pair{Key: name, Value: value})
			}
		}
	}
	if name := v.containerName(); name != "" {
		add("aliases", name)
		v.note("container_name", "%s is a further name of the service; its containers are called %s-%s-1 and so on", name, v.in.Name, v.name)
	}
	if c == nil {
		c = &types.ServiceNetworkConfig{}
	}
	for _, alias := range c.Aliases {
		if alias != v.name && alias != v.containerName() {
			add("aliases", alias)
		}
	}
	if c.UseServiceNameAlias != nil && !*c.UseServiceNameAlias {
		v.fail(where+".use_service_name_alias", "false: a service is always found by its name")
	}
	add("ipv4_address", c.Ipv4Address)
	add("mac_address", cmp.Or(c.MacAddress, v.c.MacAddress))
	add("link_local_ips", c.LinkLocalIPs...)
	if c.GatewayPriority != 0 {
		add("gw_priority", strconv.Itoa(c.GatewayPriority))
	}
	if c.Ipv4Address != "" {
		v.checkAddress(key, c.Ipv4Address)
	}
	var b spec.Builder
	if err := b.SetPairs(where, 0, "network", pairs); err != nil {
		v.fail(where, "%s", strings.TrimPrefix(err.Error(), where+"[0]: "))
		return
	}
	made, err := b.Container()
	if err != nil {
		v.fail(where, "%v", err)
		return
	}
	endpoint := made.Joined()[0]
	endpoint.Name = ""
	slices.Sort(endpoint.Aliases)
	if v.s.Networks == nil {
		v.s.Networks = map[string]spec.Network{}
	}
	v.s.Networks[key] = endpoint
}

// checkAddress holds that a fixed address is one of its network, and that one
// instance has it.
func (v *servicing) checkAddress(network, address string) {
	where := "networks." + network + ".ipv4_address"
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return // which the builder tells of
	}
	n := v.loaded.Networks[network]
	inside, subnets := false, 0
	for _, pool := range n.Ipam.Config {
		if prefix, err := netip.ParsePrefix(pool.Subnet); err == nil && prefix.Addr().Is4() {
			subnets++
			inside = inside || prefix.Contains(ip)
		}
	}
	switch {
	case bool(n.External):
	case subnets == 0:
		v.fail(where, "%s: network %s has no subnet of its own; give it one by ipam.config", address, network)
	case !inside:
		v.fail(where, "%s is not in the subnet of network %s", address, network)
	}
}

// networks are those that services are in.
func (p *project) networks(services map[string]stack.Service) map[string]stack.Network {
	used := map[string]stack.Network{}
	for _, name := range sortedKeys(services) {
		for key := range services[name].Networks {
			if _, ok := used[key]; !ok {
				used[key] = p.network(key, p.loaded.Networks[key])
			}
		}
	}
	for _, key := range sortedKeys(p.loaded.Networks) {
		if _, ok := used[key]; !ok && key != defaultNetwork {
			p.note("networks."+key, "no service is in it, so that it is not made")
		}
	}
	return used
}

func (p *project) network(key string, c types.NetworkConfig) stack.Network {
	where := "networks." + key
	n := stack.Network{Name: c.Name, External: bool(c.External), Internal: c.Internal, Labels: plain(c.Labels)}
	if n.Name == "" {
		n.Name = p.in.Name + "_" + key
	}
	if n.External {
		if c.Name == "host" || c.Name == "none" || c.Name == "bridge" {
			p.fail(where, "%s is a network of Docker's own: write network_mode: %s in the service", c.Name, c.Name)
		}
		return n
	}
	switch c.Driver {
	case "", "default":
	case "bridge", "overlay":
		p.note(where+".driver", "%s: %s", c.Driver, ownDriver)
	default:
		p.fail(where+".driver", "%s: %s; one of another driver that is on the hosts already can be used by external: true", c.Driver, ownDriver)
	}
	if c.EnableIPv4 != nil && !*c.EnableIPv4 {
		p.fail(where+".enable_ipv4", "false: overlay networks are of IPv4")
	}
	if d := c.Ipam.Driver; d != "" && d != "default" {
		p.fail(where+".ipam.driver", "%s: rundock itself gives out addresses", d)
	}
	for _, pool := range c.Ipam.Config {
		if pool.Subnet == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(pool.Subnet)
		switch {
		case err != nil:
			p.fail(where+".ipam.config.subnet", "%s is no subnet, as 10.20.0.0/16 is one", pool.Subnet)
		case !prefix.Addr().Is4():
			p.note(where+".ipam.config.subnet", "%s is left out: overlay networks are of IPv4", pool.Subnet)
		default:
			n.Subnets = append(n.Subnets, prefix.Masked().String())
		}
	}
	if len(n.Subnets) > 1 {
		p.fail(where+".ipam.config", "%d IPv4 subnets: a network has one", len(n.Subnets))
	}
	return n
}
