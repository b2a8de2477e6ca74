package serve

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"rundock/internal/registry"
	"rundock/internal/registry/local/wire"
)

// Limits are what clients may ask for that are not root: no lease, and keys that begin with one of these.
type Limits struct {
	Reads  []string
	Writes []string // these are read, too
}

// RunLimited serves clients within limits by l, beside Run and while that runs, until ctx is done. An error is the
// listener's, which it closes.
func (s *Server) RunLimited(ctx context.Context, l net.Listener, limits Limits) error {
	select {
	case <-s.running:
	case <-ctx.Done():
		return l.Close()
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return l.Close()
	}
	s.tasks.Add(1)
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.ctx, cancel)
	s.mu.Unlock()
	defer s.tasks.Done()
	defer stop()
	defer cancel()
	return s.accept(ctx, l, &limits)
}

// check says why a request is not allowed. A nil Limits allows all.
func (l *Limits) check(r wire.Request) error {
	if l == nil {
		return nil
	}
	switch r.Do {
	case wire.Watch, wire.List:
		return l.reads(r.Prefix)
	case wire.Read:
		return l.reads(r.Keys...)
	case wire.Swap:
		if r.Swap == nil {
			return nil // which is refused anyway
		}
		return l.writes(*r.Swap)
	case wire.Transact:
		return l.writes(r.Swaps...)
	}
	return fmt.Errorf("%s is not for clients that are not root", r.Do)
}

func (l *Limits) reads(keys ...string) error {
	for _, key := range keys {
		if !begins(key, l.Reads) && !begins(key, l.Writes) {
			return fmt.Errorf("%s is not for clients that are not root to read", key)
		}
	}
	return nil
}

func (l *Limits) writes(swaps ...registry.Swap) error {
	for _, s := range swaps {
		if !begins(s.Key, l.Writes) {
			return fmt.Errorf("%s is not for clients that are not root to write", s.Key)
		}
		if err := l.reads(s.Absent...); err != nil {
			return err
		}
	}
	return nil
}

func begins(key string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
}
