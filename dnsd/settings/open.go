package settings

import (
	"fmt"
	"log/slog"

	"rundock/dnsd/catalog"
	"rundock/internal/registry"
	"rundock/internal/registry/consul"
	"rundock/internal/registry/etcd"
)

// OpenStore returns a client of the store that is followed. An error is a bad
// setting; a store that cannot be reached is none.
func (s Settings) OpenStore(log *slog.Logger) (registry.Store, error) {
	if s.Consul.Address != "" {
		client, err := consul.Open(s.Consul, log)
		if err != nil || !s.Catalog {
			return client, err
		}
		return catalog.Store{Client: client, Prefix: s.Prefix, Zone: s.Zones[0].Name, Log: log}, nil
	}
	client, err := etcd.Open(s.Registry, log)
	if err != nil {
		return nil, fmt.Errorf("etcd: %w", err)
	}
	return client, nil
}

// StoreAddresses are those of the store that is followed.
func (s Settings) StoreAddresses() []string {
	if s.Consul.Address != "" {
		return []string{s.Consul.Address}
	}
	return s.Registry.Endpoints
}
