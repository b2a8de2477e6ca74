package storeagent

import (
	"fmt"
	"log/slog"
	"net"
	"path/filepath"

	"rundock/internal/hostconfig"
	"rundock/internal/registry/local/serve"
	"rundock/internal/registry/open"
)

// served is a store of the host, and who serves it.
type served struct {
	name     string
	store    serve.Store
	server   *serve.Server
	listener net.Listener
}

// serveOne has everything ready for one store. An error names the setting, or
// the socket.
func serveOne(host hostconfig.Config, name, dir string, log *slog.Logger) (served, error) {
	store, err := open.Direct(name, host, log)
	if err != nil {
		return served{}, fmt.Errorf("%s: %w", hostconfig.Path, err)
	}
	own := filepath.Join(dir, private)
	socket := open.Socket(dir, name, host)
	listener, err := serve.Listen(socket, own)
	if err != nil {
		store.Close()
		return served{}, err
	}
	log.Info("serving the store", "socket", socket)
	return served{name, store, serve.New(store, filepath.Join(own, name+".json"), log), listener}, nil
}

func (s served) close() {
	s.listener.Close()
	s.store.Close()
}
