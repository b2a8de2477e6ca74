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
	c = c.clone()
	each := func(list []string, f func(string) string) {
		for i := range list {
			list[i] = f(list[i])
		}
	}
	each(c.Ports, changePort)
	for _, list := range [][]string{c.Volumes, c.ExtraHosts, c.DNS, c.Entrypoint, c.Command} {
		each(list, change)
	}
	for _, values := range []map[string]string{c.Env, c.Labels} {
		for k := range values {
			values[k] = change(values[k])
		}
	}
	c.Hostname = change(c.Hostname)
	for i := range c.Mounts {
		m := &c.Mounts[i]
		m.Source, m.Target = change(m.Source), change(m.Target)
	}
	return c
}

// clone returns a copy of c that shares no memory with it.
func (c Container) clone() Container {
	for _, l := range []*[]string{
		&c.Ports, &c.Volumes, &c.ExtraHosts, &c.DNS, &c.Entrypoint, &c.Command,
		&c.EnvFiles, &c.VolumesFrom, &c.CapAdd, &c.CapDrop, &c.Devices, &c.Ulimits, &c.GroupAdd, &c.Expose, &c.DNSSearch, &c.DNSOptions,
		&c.SecurityOpt, &c.DeviceCgroupRules,
	} {
		*l = slices.Clone(*l)
	}
	for _, m := range []*map[string]string{
		&c.Env, &c.Labels,
		&c.EnvSecrets, &c.Tmpfs, &c.LogOptions, &c.Annotations, &c.StorageOpt, &c.Sysctls,
		&c.BlkioWeightDevice, &c.DeviceReadBps, &c.DeviceWriteBps, &c.DeviceReadIOps, &c.DeviceWriteIOps,
	} {
		*m = maps.Clone(*m)
	}
	c.Mounts = slices.Clone(c.Mounts)
	for i := range c.Mounts {
		m := &c.Mounts[i]
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
