// Package serve is the server half of package local: it gives many processes
// of a host one store, over one connection, with one lease for all keys of one
// lease time and one watch for all who watch the same prefix.
//
// What a client calls a lease is here a holder: the keys that it claimed, and by
// when it must say that it lives. The keys are under a lease of the store that
// all holders of that time share. A holder that ends has its own keys deleted,
// but for those that a successor with the same id has claimed; the last of a
// shared lease has the lease itself revoked.
//
// Leases and holders are in a file, so that a server which is killed and comes
// back renews the same leases. Its clients find their holders again, and no key
// changes. Holders whose clients died meanwhile end as others do.
//
// What is not shared: whether somebody else changes a holder's own keys is asked
// of the store for each holder, over the one connection.
package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"
)

// New returns a server of store, with what its predecessor has left in file. A
// file that cannot be read costs no key: clients claim theirs anew.
func New(store Store, file string, log *slog.Logger) *Server {
	s := &Server{store: store, file: file, log: log, changed: make(chan struct{}, 1), leases: map[time.Duration]*lease{}, holders: map[string]*holder{}, topics: map[string]*topic{}}
	if err := s.load(); err != nil {
		log.Warn("what the predecessor held is not known: its clients claim it anew", "err", err)
	}
	return s
}

// Listen makes the socket, for root alone, in the place of one that may be there.
// It is made in the folder private, which nobody else may enter.
func Listen(socket, private string) (net.Listener, error) {
	// A lock may have been made there before, with the folder.
	if err := errors.Join(os.MkdirAll(private, 0o700), os.Chmod(private, 0o700)); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	made := filepath.Join(private, filepath.Base(socket))
	if err := os.Remove(made); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("listen: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: made})
	if err != nil {
		return nil, err
	}
	// A successor's may be in its place by the time that this one is closed.
	l.SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(made, 0o600), os.Rename(made, socket)); err != nil {
		l.Close()
		return nil, fmt.Errorf("listen: %w", err)
	}
	return l, nil
}

// Run serves until ctx is done and returns nil once all is quiet. It leaves
// leases and keys to a successor; if none comes they go with their leases. An
// error is the listener's, which it closes.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	s.mu.Lock()
	s.ctx = ctx
	for _, l := range s.leases {
		s.start(l)
	}
	s.mu.Unlock()
	s.tasks.Go(func() { s.tidy(ctx) })
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	defer s.tasks.Wait()
	defer cancel()
	defer l.Close()
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		s.tasks.Go(func() { s.converse(ctx, conn) })
	}
}
