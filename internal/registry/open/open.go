// Package open connects to the stores that host.json names.
package open

import (
	"errors"
	"log/slog"

	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/consul"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/several"
)

// Store returns a client of host's own store, which connects on its own. An
// error is a bad setting, and names it; a store that cannot be reached is none.
func Store(host hostconfig.Config, log *slog.Logger) (registry.Store, error) {
	stores := host.Stores()
	if len(stores) == 0 {
		return nil, errors.New("neither etcd.endpoints nor consul.address: there is no store")
	}
	return named(stores[0], host, log)
}

// Records is Store for records, which are announced in each store that there
// are settings for. Its first is the host's own.
func Records(host hostconfig.Config, log *slog.Logger) (registry.Store, error) {
	own, err := Store(host, log)
	if err != nil || len(host.Stores()) == 1 {
		return own, err
	}
	other, err := named(host.Stores()[1], host, log)
	if err != nil {
		own.Close()
		return nil, err
	}
	return several.Stores{Own: own, Other: other}, nil
}

func named(store string, host hostconfig.Config, log *slog.Logger) (registry.Store, error) {
	if store == hostconfig.StoreConsul {
		return consul.Open(Consul(host), log)
	}
	return etcd.Open(Etcd(host), log)
}

// Etcd are the settings of etcd in host.json.
func Etcd(host hostconfig.Config) etcd.Config { return etcd.Config(host.Etcd) }

// Consul are the settings of Consul in host.json.
func Consul(host hostconfig.Config) consul.Config { return consul.Config(host.Consul) }
