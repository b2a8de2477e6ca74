// Package open connects to the store that host.json names.
package open

import (
	"log/slog"

	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/etcd"
)

// Store returns a client of host's store, which connects on its own. An error
// is a bad setting, and names it; a store that cannot be reached is none.
func Store(host hostconfig.Config, log *slog.Logger) (registry.Store, error) {
	return etcd.Open(Etcd(host), log)
}

// Etcd are the settings of etcd in host.json.
func Etcd(host hostconfig.Config) etcd.Config { return etcd.Config(host.Etcd) }
