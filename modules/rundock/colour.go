package main

import (
	"errors"
	"fmt"
	"strings"

	"rundock/internal/spec"
	"rundock/supervisor"
)

// read checks p as it was given, and then has the colour in the name: that of the
// container, and of all else that the host has of the service.
func (p params) read() (params, error) {
	if err := p.check(); err != nil || p.Colour == "" {
		return p, err
	}
	if p.installs() && !p.announced() {
		return p, errors.New("missing parameter(s) required by 'colour': announce, announces")
	}
	for i, a := range p.Announces {
		if a.Name == "blue" || a.Name == "green" {
			return p, fmt.Errorf("value of announces[%d].name must not be a colour where the service has one, got: %s", i, a.Name)
		}
	}
	p.Name += "-" + p.Colour
	return p, p.check()
}

// checkColour refuses a service whose directory is that of another: web with the
// colour blue, and web-blue without one; and one that needs a port which the
// service's other colour has: both run at once.
func (t *task) checkColour(w wanted) error {
	if !t.p.installs() {
		return nil
	}
	own := w.service.Announce.Colour
	// What cannot be read is written anew, and has no ports.
	if old, err := supervisor.ReadInstalled(t.unit.Dir); err == nil && old.Announce.Colour != own {
		return fmt.Errorf("%s is the directory of %s, and not of %s: remove that one first, or give this one another name",
			t.unit.Dir, describeService(t.p.Name, old.Announce.Colour), describeService(t.p.Name, own))
	}
	if own == "" {
		return nil
	}
	name := strings.TrimSuffix(t.p.Name, own) + otherColour(own)
	beside, err := supervisor.ReadInstalled(t.unit.Folders.Dir(supervisor.Prefix + name))
	if err != nil {
		return nil
	}
	if port := t.sharedPort(w.service, beside); port != "" {
		return fmt.Errorf("%s and %s both use port %s of the host, and run at once: give each colour a port of its own", t.p.Name, name, port)
	}
	return nil
}

// sharedPort is a port of the host that both services use; "" for none.
func (t *task) sharedPort(a, b supervisor.Service) string {
	at := func(a supervisor.Announcement) string {
		return fmt.Sprintf("%d (%s, %s)", a.Port, orElse(a.As, "private"), orElse(a.Protocol, "tcp"))
	}
	for _, p := range a.Announce.Announces {
		for _, q := range b.Announce.Announces {
			if p.As != "container" && at(p) == at(q) {
				return at(p)
			}
		}
	}
	vars := addresses(t.config)
	port, _ := spec.Collision(publishedContainer(b, vars), publishedContainer(a, vars))
	return port
}

func otherColour(colour string) string {
	if colour == "blue" {
		return "green"
	}
	return "blue"
}

// describeService is the service of a directory in words.
func describeService(name, colour string) string {
	if colour == "" {
		return "a service " + name + " without colour"
	}
	return fmt.Sprintf("a service %s with the colour %s", strings.TrimSuffix(name, "-"+colour), colour)
}
