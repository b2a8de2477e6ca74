package main

import (
	"errors"
	"fmt"

	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/supervisor"
)

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
	if s.Announced() && host.OwnStore() == "" {
		return wanted{}, errors.New("announce: host.json has neither etcd.endpoints nor consul.address, so there is no store to announce in")
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

// saltedParameter names the parameter whose digests need the host's salt, "" for none.
func (p params) saltedParameter() (string, error) {
	if p.EnvSecret != nil {
		return "env_secret", nil
	}
	c, err := p.container()
	if err != nil || p.Image == nil || len(c.Files()) == 0 {
		return "", err
	}
	return c.Files()[0], nil
}
