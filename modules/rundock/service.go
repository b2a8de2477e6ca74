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
// out, so that giving one or not makes no difference to the files. salt is the
// host's, for secrets.
func (p params) service(salt []byte) (supervisor.Service, error) {
	s := supervisor.Service{Version: supervisor.Version, Name: p.Name}
	s.Log = supervisor.Log{Size: value(p.Log.Size), Keep: value(p.Log.Keep)}
	if p.Image != nil {
		c, err := p.container()
		if err != nil {
			return s, err
		}
		s.Container = c
		s.Container.Image = *p.Image
		s.Pull = unless(p.Pull, "always")
		s.StopTimeout = unless(p.StopTimeout, supervisor.DefaultStopTimeout)
		s.Mounts = p.Mounts
		for name, v := range p.EnvSecret {
			if _, ok := s.Container.Env[name]; ok {
				return s, fmt.Errorf("env_secret: %s is set as a plain variable as well", name)
			}
			if s.Secrets == nil {
				s.Secrets, s.Container.EnvSecrets = map[string]string{}, map[string]string{}
			}
			s.Secrets[name] = v
			s.Container.EnvSecrets[name] = supervisor.Digest(salt, p.Name, name, v)
		}
	}
	if list := p.announcements(); list != nil {
		for i, a := range list {
			if err := reachable(s.Container, a, p.announceLabel(i)); s.Runs() && err != nil {
				return s, err
			}
		}
		s.Announce = supervisor.Announce{
			Version: supervisor.Version, Service: p.Name, Container: s.Runs(), Drain: p.Drain, Announces: list,
		}
	}
	return s.Complete(), nil
}

// keyed names the parameter whose digests need the host's salt, "" for none.
func (p params) keyed() (string, error) {
	if p.EnvSecret != nil {
		return "env_secret", nil
	}
	c, err := p.container()
	if err != nil || p.Image == nil || len(c.Files()) == 0 {
		return "", err
	}
	return c.Files()[0], nil
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

	contents        string // of the files that it is made from; "" where there are none
	healthAnnounced bool   // only a container that is healthy by its HEALTHCHECK is announced
}

// want computes what p asks for on a host with this configuration.
func (p params) want(host hostconfig.Config, salt []byte) (wanted, error) {
	s, err := p.service(salt)
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
		w.contents = supervisor.Contents(salt, s.Name, s.Container)
	}
	for _, a := range s.Announce.Announces {
		w.healthAnnounced = w.healthAnnounced || a.Check != nil && a.Check.Type == "docker"
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
