package main

import (
	"errors"
	"fmt"

	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/internal/spec"
	"rundock/supervisor"
)

// service is the service that p asks for. Values that are a default are left
// out, so that giving one or not makes no difference to the files.
func (p params) service() (supervisor.Service, error) {
	s := supervisor.Service{Version: supervisor.Version, Name: p.Name}
	if p.Image != nil {
		if p.Args != nil {
			c, err := spec.ParseArgs(*p.Args)
			if err != nil {
				return s, err
			}
			s.Container = c
		}
		s.Container.Image = *p.Image
		s.Pull = unless(p.Pull, "always")
		s.StopTimeout = unless(p.StopTimeout, supervisor.DefaultStopTimeout)
	}
	if p.Announce != nil {
		a := supervisor.Announcement{Port: *p.Announce, As: unless(p.AnnounceAs, "private")}
		if p.Port != nil {
			a.ContainerPort = unless(*p.Port, *p.Announce)
		}
		if err := reachable(s.Container, a); s.Runs() && err != nil {
			return s, err
		}
		s.Announce = supervisor.Announce{
			Version: supervisor.Version, Service: p.Name, Container: s.Runs(),
			Drain: p.Drain, Announces: []supervisor.Announcement{a},
		}
	}
	return s.Complete(), nil
}

// reachable refuses an announcement that leads to nothing, or to another port
// of c than the one that its health is judged by.
func reachable(c spec.Container, a supervisor.Announcement) error {
	if c.Network == "none" {
		return fmt.Errorf("announce=%d: args have --network none, where nothing can reach the container", a.Port)
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
		return fmt.Errorf("announce=%d: args publish it as port %d of the container, but port is %d: make them equal", a.Port, published, inside)
	}
	return nil
}

// unless is v, or its zero where v is the default.
func unless[T comparable](v, standard T) T {
	if v == standard {
		var zero T
		return zero
	}
	return v
}

// wanted is what install is to reach.
type wanted struct {
	service supervisor.Service
	files   []fstree.File
	shape   shape
	hash    string // of the container; "" where there is none
}

// want computes what p asks for on a host with this configuration.
func (p params) want(host hostconfig.Config) (wanted, error) {
	s, err := p.service()
	if err != nil {
		return wanted{}, err
	}
	if s.Announced() && len(host.Etcd.Endpoints) == 0 {
		return wanted{}, errors.New("announce: host.json has no etcd.endpoints, so there is no registry to announce in")
	}
	files, err := supervisor.Files(s)
	if err != nil {
		return wanted{}, fmt.Errorf("service %s: %w", s.Name, err)
	}
	w := wanted{service: s, files: files, shape: shapeOf(s)}
	if s.Runs() {
		w.hash = s.Container.Hash()
	}
	return w, nil
}

// shape is which processes a service directory supervises, and where: folders
// relative to it, "" for none. With both, each has a folder of its own under
// one outer process.
type shape struct {
	runner    string
	announcer string
}

func shapeOf(s supervisor.Service) shape {
	var f shape
	f.runner, _ = s.RunnerDir()
	f.announcer, _ = s.AnnouncerDir()
	return f
}

// The three shapes.
var (
	anImage      = spec.Container{Image: "x"}
	anAnnounce   = supervisor.Announce{Announces: []supervisor.Announcement{{}}}
	both         = shapeOf(supervisor.Service{Container: anImage, Announce: anAnnounce})
	runnerAlone  = shapeOf(supervisor.Service{Container: anImage})
	sidecarAlone = shapeOf(supervisor.Service{Announce: anAnnounce})
)
