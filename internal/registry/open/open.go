// Package open gives a process the stores that host.json names, by rundockd store:
// the one process of the host that has a connection to them. It links no store's
// client, which would cost each process more memory than all else that it does.
package open

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/local"
	"rundock/internal/registry/several"
)

// ErrNoStore is a host.json without a store.
var ErrNoStore = errors.New("neither etcd.endpoints nor consul.address: there is no store")

// sockets is where rundockd store listens.
const sockets = "/run/rundock"

// Store returns a client of host's own store, which connects on its own. An
// error is a bad setting, and names it; a store, or a rundockd store, that cannot
// be reached is none.
func Store(host hostconfig.Config, log *slog.Logger) (registry.Store, error) {
	store := host.OwnStore()
	if store == "" {
		return nil, ErrNoStore
	}
	return named(store, host, log), nil
}

// Previews is Store for the page of previews, which is not root: it reads what it shows,
// and writes what is of previews alone.
func Previews(host hostconfig.Config, log *slog.Logger) (registry.Store, error) {
	if host.OwnStore() == "" {
		return nil, ErrNoStore
	}
	return local.Open(PreviewSocket(sockets), log), nil
}

// PreviewSocket is where rundockd store serves the page of previews.
func PreviewSocket(dir string) string { return filepath.Join(dir, "preview.sock") }

// Here returns this host's settings, and a client of its own store: see Store.
func Here() (hostconfig.Config, registry.Store, error) {
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return host, nil, err
	}
	store, err := Store(host, slog.New(slog.DiscardHandler))
	if err != nil {
		return host, nil, fmt.Errorf("%s: %w", hostconfig.Path, err)
	}
	return host, store, nil
}

// asking is how long List waits for an answer.
const asking = 10 * time.Second

// List returns the keys of host's own store that begin with prefix, as they are now.
func List(host hostconfig.Config, prefix string) ([]registry.Listed, error) {
	store, err := Store(host, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	defer store.Close()
	ctx, cancel := context.WithTimeout(context.Background(), asking)
	defer cancel()
	listed, _, err := store.List(ctx, prefix)
	return listed, err
}

// Records is Store for records, which are announced in each store that there
// are settings for. own is the host's own alone, for all else; closing records
// closes it.
func Records(host hostconfig.Config, log *slog.Logger) (records, own registry.Store, err error) {
	if own, err = Store(host, log); err != nil || len(host.Stores()) == 1 {
		return own, own, err
	}
	second := host.Stores()[1]
	return several.Stores{Own: own, Other: named(second, host, log), Title: hostconfig.StoreTitle(second)}, own, nil
}

// Named is Store for one of those that host.json has settings for, by its name
// there: etcd or consul.
func Named(store string, host hostconfig.Config, log *slog.Logger) (registry.Store, error) {
	if !slices.Contains(host.Stores(), store) {
		return nil, fmt.Errorf("there are no settings for store %q", store)
	}
	return named(store, host, log), nil
}

func named(store string, host hostconfig.Config, log *slog.Logger) registry.Store {
	return local.Open(Socket(sockets, store, host), log)
}

// Socket is where rundockd store serves one of host's stores: store.sock in dir,
// the host's own, or store-NAME.sock.
func Socket(dir, store string, host hostconfig.Config) string {
	if store == host.OwnStore() {
		return filepath.Join(dir, "store.sock")
	}
	return filepath.Join(dir, "store-"+store+".sock")
}
