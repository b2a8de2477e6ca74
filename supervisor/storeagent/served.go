package storeagent

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"

	"rundock/internal/hostconfig"
	"rundock/internal/registry/consul"
	"rundock/internal/registry/direct"
	"rundock/internal/registry/local/serve"
	"rundock/internal/registry/open"
)

// private is the folder, below control.Dir, of what a successor needs. No service
// has a name that begins with a dot.
const private = ".store"

// served is a store of the host, and who serves it.
type served struct {
	name     string
	store    serve.Store
	server   *serve.Server
	listener net.Listener
	says     func(context.Context) // has the store told how the host is; nil: it is not
	pages    string                // socket of the page of previews; "": it is not served this store

	mu      sync.Mutex
	catalog string // why Consul's catalog does not follow the records
}

// serveOne has everything ready for one store. An error names the setting, or
// the socket.
func serveOne(host hostconfig.Config, name, dir string, log *slog.Logger) (*served, error) {
	store, err := direct.Store(name, host, log)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", hostconfig.Path, err)
	}
	own := filepath.Join(dir, private)
	socket := open.Socket(dir, name, host)
	listener, err := serve.Listen(socket, own)
	if err != nil {
		store.Close()
		return nil, err
	}
	log.Info("serving the store", "socket", socket)
	server := serve.New(store, filepath.Join(own, name+".json"), log)
	s := &served{name: name, store: store, server: server, listener: listener}
	if name == host.OwnStore() {
		s.pages = open.PreviewSocket(dir)
	}
	return s, nil
}

// run serves until ctx is done, or nobody can be served any more.
func (s *served) run(ctx context.Context, log *slog.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	var beside sync.WaitGroup
	defer beside.Wait()
	defer cancel()
	if client, ok := s.store.(*consul.Client); ok {
		beside.Go(func() { s.mirror(ctx, client, log) })
	}
	if s.says != nil {
		beside.Go(func() { s.says(ctx) })
	}
	if s.pages != "" {
		beside.Go(func() { s.servePages(ctx, hostconfig.PreviewGroup, log) })
	}
	return s.server.Run(ctx, s.listener)
}

func (s *served) close() {
	s.listener.Close()
	s.store.Close()
}
