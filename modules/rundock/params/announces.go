package params

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rundock/internal/announce/defaults"
	"rundock/internal/spec"
	"rundock/supervisor"
)

// announced reports whether p has a sidecar.
func (p Params) announced() bool { return p.Announce != nil || len(p.Announces) > 0 }

// announcements are those that p asks for, in the short form or the long one,
// without what is a default.
func (p Params) announcements() []supervisor.Announcement {
	if p.Announce != nil {
		a := supervisor.Announcement{Port: *p.Announce, As: unlessDefault(p.AnnounceAs, defaults.As)}
		if p.Port != nil {
			a.ContainerPort = unlessDefault(*p.Port, *p.Announce)
		}
		return []supervisor.Announcement{a}
	}
	var list []supervisor.Announcement
	for _, g := range p.Announces {
		a := supervisor.Announcement{
			Name: g.Name, Port: value(g.Port), ContainerPort: unlessDefault(value(g.ContainerPort), value(g.Port)),
			Protocol: unlessDefault(g.Protocol, defaults.Protocol), As: unlessDefault(g.As, defaults.As), Network: value(g.Network),
			Priority: unlessDefault(value(g.Priority), defaults.Priority), Weight: unlessDefault(value(g.Weight), defaults.Weight),
			Lease: unlessDefault(value(g.Lease), int(defaults.Lease/time.Second)), Tags: g.Tags, Meta: g.Meta,
		}
		if c := g.Check; c != nil {
			a.Check = &supervisor.Check{
				Type: c.Type, Path: unlessDefault(value(c.Path), defaults.Path), Command: c.Command, Port: value(c.Port),
				Interval: unlessDefault(canonical(c.Interval), defaults.Interval.String()), Timeout: unlessDefault(canonical(c.Timeout), defaults.Timeout.String()),
				Rise: unlessDefault(value(c.Rise), defaults.Rise), Fall: unlessDefault(value(c.Fall), defaults.Fall),
			}
		}
		list = append(list, a)
	}
	return list
}

// canonical is a duration as Go writes it, so that 60s and 1m are the same.
func canonical(text *string) string {
	d, err := time.ParseDuration(value(text))
	if err != nil {
		return ""
	}
	return d.String()
}

// announceLabel names the parameter that an announcement comes from.
func (p Params) announceLabel(i int) string {
	if p.Announce != nil {
		return "announce"
	}
	return fmt.Sprintf("announces[%d].port", i)
}

// checkReachable refuses an announcement that leads to nothing, or to another port
// of c than the one that its health is judged by. label names it in errors.
func checkReachable(c spec.Container, a supervisor.Announcement, label string) error {
	if a.Port == 0 {
		label = strings.TrimSuffix(label, ".port")
	} else {
		label = fmt.Sprintf("%s=%d", label, a.Port)
	}
	if c.Network == "none" {
		return fmt.Errorf("%s: the container is in network none, where nothing can reach it", label)
	}
	if owner, joins := strings.CutPrefix(c.Network, "container:"); a.As == "container" && (joins || c.Network == "host") {
		next := "announce it as private or public"
		if joins {
			next = "announce the port by " + owner + ", whose network it is in"
		}
		return fmt.Errorf("%s: the container is in network %s, where it has no address of its own: %s", label, c.Network, next)
	}
	if a.Network != "" && !slices.Contains(c.NetworkNames(), a.Network) {
		return fmt.Errorf("%s: network is %s, in which the container is not to be: it is in %s", label, a.Network, strings.Join(c.NetworkNames(), ", "))
	}
	if a.As == "container" || a.Port == 0 || c.Network == "host" {
		return nil
	}
	inside := a.ContainerPort
	if inside == 0 {
		inside = a.Port
	}
	published, ok := c.Published(a.As, a.Port, a.Protocol)
	if ok && published != inside {
		option := "port"
		if !strings.HasPrefix(label, "announce=") {
			option = "container_port"
		}
		return fmt.Errorf("%s: it is published as port %d of the container, but %s is %d: make them equal", label, published, option, inside)
	}
	return nil
}
