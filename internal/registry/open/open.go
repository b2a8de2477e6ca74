// Package open connects to the stores that host.json names: to themselves, or,
// where host.json has store_agent, to the process of this host that has the
// connection.
package open

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"

	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/consul"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/local"
	"rundock/internal/registry/local/serve"
	"rundock/internal/registry/several"
)

// ErrNoStore is a host.json without a store.
var ErrNoStore = errors.New("neither etcd.endpoints nor consul.address: there is no store")

// sockets is where rundockd store listens.
const sockets = "/run/rundock"

// Store returns a client of host's own store, which connects on its own. An
// error is a bad setting, and names it; a store that cannot be reached is none.
func Store(host hostconfig.Config, log *slog.Logger) (registry.Store, error) {
	store := host.OwnStore()
	if store == "" {
		return nil, ErrNoStore
	}
	return named(store, host, log)
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

// Named is Store for one of those that host.json has settings for, by its name
// there: etcd or consul.
func Named(store string, host hostconfig.Config, log *slog.Logger) (registry.Store, error) {
	if !slices.Contains(host.Stores(), store) {
		return nil, fmt.Errorf("there are no settings for store %q", store)
	}
	return named(store, host, log)
}

func named(store string, host hostconfig.Config, log *slog.Logger) (registry.Store, error) {
	if host.StoreAgent {
		return local.Open(Socket(sockets, store, host), log), nil
	}
	return Direct(store, host, log)
}

// Socket is where rundockd store serves one of host's stores: store.sock in dir,
// the host's own, or store-NAME.sock.
func Socket(dir, store string, host hostconfig.Config) string {
	if store == host.OwnStore() {
		return filepath.Join(dir, "store.sock")
	}
	return filepath.Join(dir, "store-"+store+".sock")
}

// Direct returns a client of one of host's stores that has a connection of its
// own.
func Direct(store string, host hostconfig.Config, log *slog.Logger) (serve.Store, error) {
	if store == hostconfig.StoreConsul {
		return consul.Open(Consul(host), log)
	}
	return etcd.Open(Etcd(host), log)
}

// Etcd are the settings of etcd in host.json.
func Etcd(host hostconfig.Config) etcd.Config { return etcd.Config(host.Etcd) }

// Consul are the settings of Consul in host.json.
func Consul(host hostconfig.Config) consul.Config { return consul.Config(host.Consul) }
