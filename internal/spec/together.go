package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// checkTogether finds flags that are each right but exclude each other, where
// dockerd would refuse the container, or ignore one of them. named is how the
// user gave a flag.
func checkTogether(c Container, named func(string) string) error {
	for _, check := range []func(Container, func(string) string) error{
		checkNetwork, checkNetworks, checkPorts, checkTargets, checkHealth, checkCapabilities, checkLog, checkMemory, checkNamespaces, checkSecurity,
	} {
		if err := check(c, named); err != nil {
			return err
		}
	}
	return nil
}

// first is the first of values, or "".
func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

func checkNetwork(c Container, named func(string) string) error {
	shared := strings.HasPrefix(c.Network, "container:")
	network := named("network") + " " + c.Network
	for _, r := range []struct {
		flag  string
		value string // "" is not given
		bad   bool
		why   string
	}{
		{"publish", first(c.Ports), shared || c.Network == "host" || c.Network == "none", "nothing is published with"},
		{"hostname", c.Hostname, shared, "the host name is the other container's with"},
		{"domainname", c.Domainname, shared, "the domain name is the other container's with"},
		{"dns", first(c.DNS), shared, "the resolvers are the other container's with"},
		{"dns-search", first(c.DNSSearch), shared, "the resolvers are the other container's with"},
		{"dns-option", first(c.DNSOptions), shared, "the resolvers are the other container's with"},
		{"add-host", first(c.ExtraHosts), shared, "the hosts are the other container's with"},
		{"expose", first(c.Expose), shared, "the ports are the other container's with"},
	} {
		if r.bad && r.value != "" {
			return fmt.Errorf("%s %s: %s %s", named(r.flag), quote(r.value), r.why, network)
		}
	}
	return nil
}

// checkNetworks refuses what only networks made by somebody can do in those
// that Docker itself has.
func checkNetworks(c Container, named func(string) string) error {
	network := c.Network
	own := network == "" || network == "host" || network == "none" || strings.HasPrefix(network, "container:")
	if network == "" {
		network = "bridge"
	}
	for _, n := range c.Networks {
		switch {
		case own:
			return fmt.Errorf("%s %s: a container in %s is in no other network", named("network"), n.Name, network)
		case n.Name == "" || n.Name == "bridge" || n.Name == "host" || n.Name == "none" || strings.HasPrefix(n.Name, "container:"):
			return fmt.Errorf("%s %s: a container in %s cannot be in it as well", named("network"), n.Name, network)
		}
	}
	if c.Endpoint == nil || !own {
		return nil
	}
	e := *c.Endpoint
	for _, r := range []struct {
		flag  string
		value string
		bad   bool
	}{
		{"network-alias", first(e.Aliases), true},
		{"ip", e.IPv4, true},
		{"ip6", e.IPv6, true},
		{"link-local-ip", first(e.LinkLocalIPs), true},
		{"mac-address", e.MAC, network != "bridge"},
		{"network", first(joined(e.DriverOptions)), network != "bridge"},
	} {
		if r.bad && r.value != "" {
			return fmt.Errorf("%s %s: network %s has none; it needs a network that was made", named(r.flag), quote(r.value), network)
		}
	}
	return nil
}

func checkPorts(c Container, named func(string) string) error {
	var seen []port
	for _, s := range c.Ports {
		p, err := parsePort(s)
		if err != nil {
			return fmt.Errorf("%s %s: %w", named("publish"), quote(s), err)
		}
		for _, q := range seen {
			if p.collides(q) {
				return fmt.Errorf("%[1]s %[2]s and %[1]s %[3]s want the same port of the host", named("publish"), q, p)
			}
		}
		seen = append(seen, p)
	}
	return nil
}

// checkTargets finds two mounts, devices or limits for one thing.
func checkTargets(c Container, named func(string) string) error {
	second := func(v string) string {
		if parts := strings.Split(v, ":"); len(parts) > 1 {
			return parts[1]
		}
		return v
	}
	limit := func(v string) string { name, _, _ := strings.Cut(v, "="); return name }
	itself := func(v string) string { return v }
	var mounts []string
	for _, m := range c.Mounts {
		mounts = append(mounts, m.Target)
	}
	taken := map[string]bool{} // kind and target
	for _, r := range []struct {
		flag, kind string // things of one kind exclude each other
		values     []string
		target     func(string) string
		why        string // % is the target
	}{
		{"volume", "mount", c.Volumes, second, "something else is mounted on % already"},
		{"mount", "mount", mounts, itself, "something else is mounted there already"},
		{"tmpfs", "mount", slices.Sorted(maps.Keys(c.Tmpfs)), itself, "something else is mounted there already"},
		{"device", "device", c.Devices, second, "% is given already"},
		{"ulimit", "limit", c.Ulimits, limit, "% is given already"},
	} {
		for _, v := range r.values {
			target := r.target(v)
			if taken[r.kind+" "+target] {
				return fmt.Errorf("%s %s: %s", named(r.flag), quote(v), strings.Replace(r.why, "%", quote(target), 1))
			}
			taken[r.kind+" "+target] = true
		}
	}
	return nil
}

func checkHealth(c Container, named func(string) string) error {
	h := c.Healthcheck
	if h == nil || !h.Disable {
		return nil
	}
	for _, other := range []struct {
		flag  string
		given bool
	}{
		{"health-cmd", h.Command != "" || h.Exec != nil},
		{"health-interval", h.Interval != ""},
		{"health-timeout", h.Timeout != ""},
		{"health-start-period", h.StartPeriod != ""},
		{"health-start-interval", h.StartInterval != ""},
		{"health-retries", h.Retries != 0},
	} {
		if other.given {
			return fmt.Errorf("%s: contradicts %s", named("no-healthcheck"), named(other.flag))
		}
	}
	return nil
}

func checkCapabilities(c Container, named func(string) string) error {
	for _, name := range c.CapAdd {
		if slices.Contains(c.CapDrop, name) {
			return fmt.Errorf("%s %s: is added as well, by %s", named("cap-drop"), name, named("cap-add"))
		}
	}
	return nil
}

func checkLog(c Container, named func(string) string) error {
	if c.LogOptions["max-file"] == "1" && c.LogOptions["compress"] != "false" {
		return fmt.Errorf("%[1]s max-file=1: the local driver compresses only files it has rotated; add %[1]s compress=false", named("log-opt"))
	}
	return nil
}

func checkMemory(c Container, named func(string) string) error {
	bytes := func(flag string, n int64) string { return fmt.Sprintf("%s %d", named(flag), n) }
	switch {
	case c.MemorySwap > 0 && c.Memory == 0:
		return fmt.Errorf("%s: it is a limit of memory and swap together, and needs %s", bytes("memory-swap", c.MemorySwap), named("memory"))
	case c.MemorySwap > 0 && c.MemorySwap < c.Memory:
		return fmt.Errorf("%s: less than %s; it is a limit of memory and swap together", bytes("memory-swap", c.MemorySwap), bytes("memory", c.Memory))
	case c.Memory > 0 && c.MemoryReservation > c.Memory:
		return fmt.Errorf("%s: more than %s", bytes("memory-reservation", c.MemoryReservation), bytes("memory", c.Memory))
	}
	return nil
}

func checkNamespaces(c Container, named func(string) string) error {
	switch {
	case c.UTS == "host" && c.Hostname != "":
		return fmt.Errorf("%s %s: the host name is the host's with %s host", named("hostname"), c.Hostname, named("uts"))
	case c.UTS == "host" && c.Domainname != "":
		return fmt.Errorf("%s %s: the domain name is the host's with %s host", named("domainname"), c.Domainname, named("uts"))
	case c.ShmSize != 0 && (c.IPC == "host" || c.IPC == "none" || strings.HasPrefix(c.IPC, "container:")):
		return fmt.Errorf("%s %d: the container has no /dev/shm of its own with %s %s", named("shm-size"), c.ShmSize, named("ipc"), c.IPC)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Sysctls)) {
		switch {
		case strings.HasPrefix(name, netPrefix) && c.Network == "host":
			return fmt.Errorf("%s %s: it is the host's with %s host", named("sysctl"), name, named("network"))
		case ipcSysctl(name) && c.IPC == "host":
			return fmt.Errorf("%s %s: it is the host's with %s host", named("sysctl"), name, named("ipc"))
		}
	}
	return nil
}

// checkSecurity finds two values of an option that has one.
func checkSecurity(c Container, named func(string) string) error {
	seen := map[string]string{}
	for _, o := range c.SecurityOpt {
		name, _, _ := strings.Cut(o, "=")
		if old, ok := seen[name]; ok && name != "label" {
			return fmt.Errorf("%s %s: %s is given as well", named("security-opt"), quote(o), quote(old))
		}
		seen[name] = o
	}
	return nil
}
