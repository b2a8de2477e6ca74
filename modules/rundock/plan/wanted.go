package plan

import (
	"errors"
	"fmt"

	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/supervisor"
)

// Wanted is what a service is to become.
type Wanted struct {
	Service supervisor.Service
	Files   []fstree.File
	Shape   Shape
	Hash    string // of the container; "" where there is none

	Contents        string // of the files that it is made from; "" where there are none
	HealthAnnounced bool   // only a container that is healthy by its HEALTHCHECK is announced
}

// Want is s on a host with this configuration. salt is the host's, for digests.
func Want(s supervisor.Service, host hostconfig.Config, salt []byte) (Wanted, error) {
	if s.Announced() && host.OwnStore() == "" {
		return Wanted{}, errors.New("announce: host.json has neither etcd.endpoints nor consul.address, so there is no store to announce in")
	}
	if domain := s.SearchDomain(host.Zone()); domain != "" && len(s.Container.DNSSearch) == 0 {
		s.Container.DNSSearch = []string{domain}
	}
	files, err := supervisor.Files(s)
	if err != nil {
		return Wanted{}, fmt.Errorf("service %s: %w", s.Name, err)
	}
	w := Wanted{Service: s, Files: files, Shape: shapeOf(s)}
	if s.Runs() {
		w.Hash = s.Container.Hash()
		w.Contents = supervisor.Contents(salt, s.Name, s.Container)
	}
	for _, a := range s.Announce.Announces {
		w.HealthAnnounced = w.HealthAnnounced || a.Check != nil && a.Check.Type == "docker"
	}
	return w, nil
}
