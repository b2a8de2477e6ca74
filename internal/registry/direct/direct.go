// Package direct connects to the stores that host.json names. It links their
// clients, so that only rundockd store, dnsd and tests import it: all others of a
// host have the store by rundockd store, see package open.
package direct

import (
	"log/slog"

	"rundock/internal/hostconfig"
	"rundock/internal/registry/consul"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/local/serve"
)

// Store returns a client of one of host's stores by its name there: etcd or
// consul. It connects on its own. An error is a bad setting, and names it; a store
// that cannot be reached is none.
func Store(name string, host hostconfig.Config, log *slog.Logger) (serve.Store, error) {
	if name == hostconfig.StoreConsul {
		return consul.Open(Consul(host), log)
	}
	return etcd.Open(Etcd(host), log)
}

// Etcd are the settings of etcd in host.json.
func Etcd(host hostconfig.Config) etcd.Config { return etcd.Config(host.Etcd) }

// Consul are the settings of Consul in host.json.
func Consul(host hostconfig.Config) consul.Config { return consul.Config(host.Consul) }
