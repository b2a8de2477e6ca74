package ctl

import (
	"context"
	"fmt"
	"log/slog"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/open"
)

// store is the host's own, asked for a service's records. Its zero is ready; it
// connects when it is asked first.
type store struct {
	client registry.Store
	name   string // of it, for people, once it was asked
}

// lacks returns a key that a says is announced and that is not there from this
// host; "" where all are.
func (s *store) lacks(ctx context.Context, a control.AnnounceStatus) (key string, err error) {
	if s.client == nil {
		host, err := hostconfig.Load(hostconfig.Path)
		if err != nil {
			return "", err
		}
		if s.client, err = open.Store(host, slog.New(slog.DiscardHandler)); err != nil {
			return "", fmt.Errorf("%s: %w", hostconfig.Path, err)
		}
		s.name = hostconfig.StoreTitle(host.OwnStore())
	}
	machine, err := hostconfig.MachineID()
	if err != nil {
		return "", err
	}
	var keys []string
	for _, r := range a.Records {
		keys = append(keys, r.Key)
	}
	found, err := s.client.Read(ctx, keys)
	if err != nil {
		return "", err
	}
	for _, f := range found {
		if !f.Exists || f.ID != control.RecordID(machine, a.Service, a.Colour) {
			return f.Key, nil
		}
	}
	return "", nil
}

func (s *store) close() {
	if s.client != nil {
		s.client.Close()
	}
}
