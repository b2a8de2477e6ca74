package spec

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// checkTogether finds flags that are each right but exclude each other, where
// dockerd would refuse the container, or ignore one of them.
func checkTogether(c Container) error {
	for _, check := range []func(Container) error{checkNetwork, checkPorts, checkTargets, checkHealth, checkCapabilities, checkLog} {
		if err := check(c); err != nil {
			return err
		}
	}
	return nil
}

func checkNetwork(c Container) error {
	shared := strings.HasPrefix(c.Network, "container:")
	none := c.Network == "host" || c.Network == "none"
	switch {
	case (shared || none) && len(c.Ports) > 0:
		return fmt.Errorf("-p %s: nothing is published with --network %s", c.Ports[0], c.Network)
	case shared && c.Hostname != "":
		return fmt.Errorf("--hostname %s: the host name is the other container's with --network %s", c.Hostname, c.Network)
	case shared && len(c.DNS) > 0:
		return fmt.Errorf("--dns %s: the resolvers are the other container's with --network %s", c.DNS[0], c.Network)
	case shared && len(c.ExtraHosts) > 0:
		return fmt.Errorf("--add-host %s: the hosts are the other container's with --network %s", c.ExtraHosts[0], c.Network)
	}
	return nil
}

func checkPorts(c Container) error {
	var seen []port
	for _, s := range c.Ports {
		p, err := parsePort(s)
		if err != nil {
			return fmt.Errorf("-p %s: %w", quote(s), err)
		}
		for _, q := range seen {
			if p.collides(q) {
				return fmt.Errorf("-p %s and -p %s want the same port of the host", q, p)
			}
		}
		seen = append(seen, p)
	}
	return nil
}

// checkTargets finds two mounts, devices or limits for one thing.
func checkTargets(c Container) error {
	mounts, devices, limits := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, v := range c.Volumes {
		target := v
		if parts := strings.Split(v, ":"); len(parts) > 1 {
			target = parts[1]
		}
		if mounts[target] {
			return fmt.Errorf("-v %s: something else is mounted on %s already", quote(v), quote(target))
		}
		mounts[target] = true
	}
	for target := range c.Tmpfs {
		if mounts[target] {
			return fmt.Errorf("--tmpfs %s: something else is mounted there already, by -v", quote(target))
		}
	}
	for _, d := range c.Devices {
		inside := d
		if parts := strings.Split(d, ":"); len(parts) > 1 {
			inside = parts[1]
		}
		if devices[inside] {
			return fmt.Errorf("--device %s: %s is given already", quote(d), quote(inside))
		}
		devices[inside] = true
	}
	for _, u := range c.Ulimits {
		name, _, _ := strings.Cut(u, "=")
		if limits[name] {
			return fmt.Errorf("--ulimit %s: %s is given already", u, name)
		}
		limits[name] = true
	}
	return nil
}

func checkHealth(c Container) error {
	if h := c.Healthcheck; h != nil && h.Disable && *h != (Healthcheck{Disable: true}) {
		return errors.New("--no-healthcheck: contradicts the other --health flags")
	}
	return nil
}

func checkCapabilities(c Container) error {
	for _, name := range c.CapAdd {
		if slices.Contains(c.CapDrop, name) {
			return fmt.Errorf("--cap-drop %s: is added as well, by --cap-add", name)
		}
	}
	return nil
}

func checkLog(c Container) error {
	if c.LogOptions["max-file"] == "1" && c.LogOptions["compress"] != "false" {
		return errors.New("--log-opt max-file=1: the local driver compresses only files it has rotated; add --log-opt compress=false")
	}
	return nil
}
