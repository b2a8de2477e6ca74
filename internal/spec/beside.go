package spec

import "strings"

// Exclusive says why two containers made of c cannot run at the same time on one host,
// by what there is once. "": they can, unless both would write to the same (Writes).
func (c Container) Exclusive() string {
	switch {
	case len(c.Ports) > 0:
		return "it publishes port " + c.Ports[0]
	case c.Network == "host":
		return "it is on the host's network"
	case strings.HasPrefix(c.Network, "container:"):
		return "it shares the network of " + c.Network[len("container:"):]
	}
	for _, n := range c.Joined() {
		if n.IPv4 != "" || n.IPv6 != "" || n.MAC != "" {
			return "it has an address of its own in network " + n.Name
		}
	}
	return ""
}

// Writes is a path of a container made of c whose content is kept outside of it, and that it may
// write to; "": none.
// An anonymous volume is of one container.
func (c Container) Writes() string {
	for _, v := range c.Volumes {
		parts := strings.Split(v, ":")
		if len(parts) > 1 && (len(parts) < 3 || !strings.Contains(","+parts[2]+",", ",ro,")) {
			return parts[1]
		}
	}
	for _, m := range c.Mounts {
		if m.Type != "tmpfs" && m.Source != "" && !m.ReadOnly {
			return m.Target
		}
	}
	for _, from := range c.VolumesFrom {
		if !strings.HasSuffix(from, ":ro") {
			return "of " + strings.TrimSuffix(from, ":rw")
		}
	}
	return ""
}
