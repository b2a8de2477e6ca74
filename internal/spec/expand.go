package spec

import (
	"maps"
	"slices"
)

// Expand returns c with the variables replaced in its ports, volumes, mounts'
// sources and targets, labels, extra hosts, resolvers, host name, entrypoint, command and the values of its
// environment. It shares no memory with c. An IPv6 address comes in brackets
// where ports need them.
func (c Container) Expand(vars map[string]string) Container {
	bracketed := map[string]string{}
	for k, v := range vars {
		bracketed[k] = bracket(v)
	}
	return c.mapStrings(
		func(s string) string { return Expand(s, vars) },
		func(s string) string { return Expand(s, bracketed) },
	)
}

// Variables lists the variables that Expand would replace in c, sorted.
func (c Container) Variables() []string {
	used := map[string]bool{}
	note := func(s string) string {
		return substitute(s, func(name string) (string, bool) {
			used[name] = true
			return "", true
		})
	}
	c.mapStrings(note, note)
	return slices.Sorted(maps.Keys(used))
}

// mapStrings returns a copy of c that shares no memory with it, after change
// (for ports, changePort) of every string in which variables are expanded.
func (c Container) mapStrings(change, changePort func(string) string) Container {
	each := func(in []string, f func(string) string) []string {
		out := slices.Clone(in)
		for i := range out {
			out[i] = f(out[i])
		}
		return out
	}
	values := func(in map[string]string) map[string]string {
		out := maps.Clone(in)
		for k := range out {
			out[k] = change(out[k])
		}
		return out
	}
	c.Ports = each(c.Ports, changePort)
	c.Volumes = each(c.Volumes, change)
	c.ExtraHosts = each(c.ExtraHosts, change)
	c.DNS = each(c.DNS, change)
	c.Entrypoint = each(c.Entrypoint, change)
	c.Command = each(c.Command, change)
	c.Env = values(c.Env)
	c.Labels = values(c.Labels)
	c.Hostname = change(c.Hostname)

	c.Mounts = slices.Clone(c.Mounts)
	for i := range c.Mounts {
		m := &c.Mounts[i]
		m.Source, m.Target = change(m.Source), change(m.Target)
		m.DriverOptions, m.Labels = maps.Clone(m.DriverOptions), maps.Clone(m.Labels)
	}
	c.Networks = slices.Clone(c.Networks)
	for i := range c.Networks {
		c.Networks[i] = c.Networks[i].clone()
	}
	c.DeviceRequests = slices.Clone(c.DeviceRequests)
	for i := range c.DeviceRequests {
		r := &c.DeviceRequests[i]
		r.IDs, r.Capabilities, r.Options = slices.Clone(r.IDs), slices.Clone(r.Capabilities), maps.Clone(r.Options)
	}
	for _, l := range []*[]string{
		&c.EnvFiles, &c.VolumesFrom, &c.CapAdd, &c.CapDrop, &c.Devices, &c.Ulimits, &c.GroupAdd, &c.Expose, &c.DNSSearch, &c.DNSOptions,
		&c.SecurityOpt, &c.DeviceCgroupRules,
	} {
		*l = slices.Clone(*l)
	}
	for _, m := range []*map[string]string{
		&c.EnvSecrets, &c.Tmpfs, &c.LogOptions, &c.Annotations, &c.StorageOpt, &c.Sysctls,
		&c.BlkioWeightDevice, &c.DeviceReadBps, &c.DeviceWriteBps, &c.DeviceReadIOps, &c.DeviceWriteIOps,
	} {
		*m = maps.Clone(*m)
	}
	if c.Healthcheck != nil {
		h := *c.Healthcheck
		h.Exec = slices.Clone(h.Exec)
		c.Healthcheck = &h
	}
	if c.Endpoint != nil {
		e := c.Endpoint.clone()
		c.Endpoint = &e
	}
	if c.MemorySwappiness != nil {
		n := *c.MemorySwappiness
		c.MemorySwappiness = &n
	}
	return c
}

func (n Network) clone() Network {
	n.Aliases, n.LinkLocalIPs, n.DriverOptions = slices.Clone(n.Aliases), slices.Clone(n.LinkLocalIPs), maps.Clone(n.DriverOptions)
	return n
}
