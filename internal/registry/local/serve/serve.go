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
// Whether somebody else changes a holder's own keys is asked of the store for each
// holder, over the one connection.
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
	s := &Server{store: store, file: file, log: log, leases: map[time.Duration]*lease{}, holders: map[string]*holder{}, topics: map[string]*topic{}, running: make(chan struct{})}
	if err := s.load(); err != nil {
		log.Warn("what the predecessor held is not known: its clients claim it anew", "err", err)
	}
	return s
}

// Listen makes the socket, for root alone, in the place of one that may be there.
// It is made in the folder private, which nobody else may enter.
func Listen(socket, private string) (net.Listener, error) { return listen(socket, private, -1, 0o600) }

// ListenFor is Listen of a socket that a group may use as well.
func ListenFor(group int, socket, private string) (net.Listener, error) {
	return listen(socket, private, group, 0o660)
}

func listen(socket, private string, group int, mode os.FileMode) (net.Listener, error) {
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
	if err := errors.Join(os.Chown(made, -1, group), os.Chmod(made, mode), os.Rename(made, socket)); err != nil {
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
	close(s.running)
	defer s.tasks.Wait()
	defer cancel()
	defer s.close()
	return s.accept(ctx, l, nil)
}

func (s *Server) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

// accept has clients of l answered within limits until ctx is done.
func (s *Server) accept(ctx context.Context, l net.Listener, limits *Limits) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	defer l.Close()
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		s.tasks.Go(func() { s.converse(ctx, conn, limits) })
	}
}
