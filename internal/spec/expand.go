package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// variables are what Expand knows: addresses of the host's private and public
// interface, the one of the two that is announced, and the host's name.
var variables = []string{"ANNOUNCE_IP", "HOST", "PRIVATE_IP", "PUBLIC_IP"}

// Expand replaces $NAME and ${NAME} in s by vars[NAME] where NAME is one of
// PRIVATE_IP, PUBLIC_IP, ANNOUNCE_IP and HOST, and is in vars.
//
// Every other $ stays: in a command or a password it belongs to the program
// in the container, and there is no way of quoting it, since quotes are gone
// after word splitting. NAME is as long as it can be, so $HOSTNAME stays too.
// A program that needs the text $HOST itself is given ${HOST-}.
func Expand(s string, vars map[string]string) string {
	return substitute(s, func(name string) (string, bool) {
		v, ok := vars[name]
		return v, ok
	})
}

// substitute replaces the known variables of s for which value has one.
func substitute(s string, value func(name string) (string, bool)) string {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "$")
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		name, length := identifier(rest)
		if slices.Contains(variables, name) {
			if v, ok := value(name); ok {
				out.WriteString(v)
				s = rest[length:]
				continue
			}
		}
		out.WriteByte('$')
		s = rest
	}
}

// identifier returns the name that s begins with, NAME or {NAME}, and its
// length in s; "" if there is none.
func identifier(s string) (string, int) {
	const chars = alphanumeric + "_"
	if inner, ok := strings.CutPrefix(s, "{"); ok {
		name, _, closed := strings.Cut(inner, "}")
		if !closed || !consists(name, chars) {
			return "", 0
		}
		return name, len(name) + 2
	}
	name := s[:len(s)-len(strings.TrimLeft(s, chars))]
	return name, len(name)
}

// knownVariables returns an error if s holds a $ that Expand would leave.
func knownVariables(s string) error {
	rest := substitute(s, func(string) (string, bool) { return "", true })
	if strings.Contains(rest, "$") {
		return fmt.Errorf("unknown variable; known are $%s", strings.Join(variables, ", $"))
	}
	return nil
}

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
