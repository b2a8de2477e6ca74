package main

import (
	"fmt"
	"time"

	"rundock/internal/announce/defaults"
	"rundock/internal/spec"
	"rundock/supervisor"
)

// announced reports whether p has a sidecar.
func (p params) announced() bool { return p.Announce != nil || len(p.Announces) > 0 }

// announcements are those that p asks for, in the short form or the long one,
// without what is a default.
func (p params) announcements() []supervisor.Announcement {
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
			Name: g.Name, Port: g.Port, ContainerPort: unlessDefault(value(g.ContainerPort), g.Port),
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
func (p params) announceLabel(i int) string {
	if p.Announce != nil {
		return "announce"
	}
	return fmt.Sprintf("announces[%d].port", i)
}

// checkReachable refuses an announcement that leads to nothing, or to another port
// of c than the one that its health is judged by. label names it in errors.
func checkReachable(c spec.Container, a supervisor.Announcement, label string) error {
	if c.Network == "none" {
		return fmt.Errorf("%s=%d: the container is in network none, where nothing can reach it", label, a.Port)
	}
	if a.As == "container" || c.Network == "host" {
		return nil
	}
	inside := a.ContainerPort
	if inside == 0 {
		inside = a.Port
	}
	published, ok := c.Published(a.As, a.Port, a.Protocol)
	if ok && published != inside {
		option := "port"
		if label != "announce" {
			option = "container_port"
		}
		return fmt.Errorf("%s=%d: it is published as port %d of the container, but %s is %d: make them equal", label, a.Port, published, option, inside)
	}
	return nil
}
