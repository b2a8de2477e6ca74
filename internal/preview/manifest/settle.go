package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"rundock/internal/stack"
)

// settle returns a stack that is allowed as it can run beside others, and notes on
// what is done otherwise than its files say. s is not changed.
func settle(s stack.Stack, url string, limits Limits) (stack.Stack, []string) {
	var notes []string
	note := func(format string, values ...any) { notes = append(notes, fmt.Sprintf(format, values...)) }
	out := s
	renamed := map[string]string{} // Docker's names of volumes
	out.Volumes, out.Networks, out.Services = maps.Clone(s.Volumes), maps.Clone(s.Networks), maps.Clone(s.Services)
	for key, v := range s.Volumes {
		own := s.Name + "_" + key
		renamed[v.Name] = own
		out.Volumes[key] = stack.Volume{Name: own, Labels: v.Labels}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Networks)) {
		n := s.Networks[key]
		if len(n.Subnets) > 0 {
			note("network %s: its subnets are left out: two previews would have the same", key)
		}
		n.Name, n.Subnets = s.Name+"_"+key, nil
		out.Networks[key] = n
	}
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		out.Services[name] = settleService(s.Services[name], renamed, url, limits, func(format string, values ...any) {
			note("service %s: "+format, append([]any{name}, values...)...)
		})
	}
	return out, notes
}

func settleService(v stack.Service, renamed map[string]string, url string, limits Limits, note func(string, ...any)) stack.Service {
	if len(v.Ports) > 0 {
		note("ports are not published: a preview is reached by its name")
		v.Ports = nil
	}
	if v.Replicas > 1 {
		note("one instance runs, and not %d", v.Replicas)
		v.Replicas = 1
	}
	if len(v.Constraints) > 0 || len(v.Affinities) > 0 || len(v.Preferences) > 0 {
		note("placement is left out: the site says where previews run")
		v.Constraints, v.Affinities, v.Preferences = nil, nil, nil
	}
	v.Reschedule, v.MaxPerHost = true, 0
	if len(v.Networks) > 0 {
		v.Networks = maps.Clone(v.Networks)
	}
	for key, in := range v.Networks {
		if in.IPv4 != "" || in.IPv6 != "" || in.MAC != "" || len(in.LinkLocalIPs) > 0 {
			note("networks.%s: its addresses are left out: two previews would have the same", key)
			in.IPv4, in.IPv6, in.MAC, in.LinkLocalIPs = "", "", "", nil
			v.Networks[key] = in
		}
	}
	limitService(&v, limits, note)
	c := &v.Container
	c.Volumes = slices.Clone(c.Volumes)
	for i, volume := range c.Volumes {
		source, rest, named := strings.Cut(volume, ":")
		if own, ok := renamed[source]; ok && named {
			c.Volumes[i] = own + ":" + rest
		}
	}
	c.Mounts = slices.Clone(c.Mounts)
	for i, m := range c.Mounts {
		if own, ok := renamed[m.Source]; ok {
			c.Mounts[i].Source = own
		}
	}
	c.Env = maps.Clone(c.Env)
	if c.Env == nil {
		c.Env = map[string]string{}
	}
	c.Env["PREVIEW_URL"] = url
	return v
}

// logLimits are those of Docker's log of a container, from which the service's is copied.
var logLimits = map[string]string{"max-size": "10m", "max-file": "2"}

// limitService has a service use no more than limits; what it asks for counts where
// that is less.
func limitService(v *stack.Service, limits Limits, note func(string, ...any)) {
	c := &v.Container
	if c.Memory > limits.Memory {
		note("its limit of memory is %d MiB, and not %d MiB", limits.Memory>>20, c.Memory>>20)
	}
	if c.Memory <= 0 || c.Memory > limits.Memory {
		c.Memory = limits.Memory
	}
	c.MemorySwap, c.MemorySwappiness = c.Memory, nil // no swap besides
	c.MemoryReservation, c.ShmSize = min(c.MemoryReservation, c.Memory), min(c.ShmSize, c.Memory)
	if v.Resources.Limit.CPU > limits.CPU {
		note("its limit of processors is %s, and not %s", processors(limits.CPU), processors(v.Resources.Limit.CPU))
	}
	if v.Resources.Limit.CPU <= 0 || v.Resources.Limit.CPU > limits.CPU {
		v.Resources.Limit.CPU = limits.CPU
		c.CPUs = processors(limits.CPU)
	}
	if c.PidsLimit <= 0 || c.PidsLimit > limits.PIDs {
		c.PidsLimit = limits.PIDs
	}
	v.Resources.Limit.Memory = c.Memory
	// Nothing is set aside: previews are many, and most of them idle.
	v.Resources.Reserve = stack.Amount{CPU: min(v.Resources.Reserve.CPU, limits.CPU), Memory: min(v.Resources.Reserve.Memory, limits.Memory)}
	c.LogOptions = maps.Clone(logLimits)
}

// processors are thousandths of one as docker run --cpus has them.
func processors(thousandths int) string {
	return strconv.FormatFloat(float64(thousandths)/1000, 'f', -1, 64)
}
