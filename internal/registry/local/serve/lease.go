package serve

import (
	"context"
	"errors"
	"time"

	"rundock/internal/registry/leasing"
	"rundock/internal/registry/retry"
)

// fresh is how old the last renewal of a lease may be that a new holder gets.
const fresh = time.Second

// patience is how long a client waits for a store that is away before it is told
// again that it is. It is less than the client waits for an answer.
const patience = 4 * time.Second

// start renews l until it is stopped. s.mu is locked.
func (s *Server) start(l *lease) {
	var ctx context.Context
	ctx, l.stop = context.WithCancel(s.ctx)
	s.tasks.Go(func() { s.keep(ctx, l) })
}

// keep renews l as often as leasing.Renewal says, and at once where a client could not
// use it. It alone asks a store that is away: clients wait for what comes of it.
func (s *Server) keep(ctx context.Context, l *lease) {
	var attempts retry.Backoff
	every := leasing.Renewal(l.ttl)
	for age := every * 3 / 4; ctx.Err() == nil; {
		if err := s.renew(ctx, l, age); err != nil {
			attempts.Wait(ctx, nil)
			continue
		}
		attempts = retry.Backoff{}
		timer := time.NewTimer(every)
		select {
		case <-ctx.Done():
		case <-l.hurried:
			age = fresh
		case <-timer.C:
			age = every * 3 / 4
		}
		timer.Stop()
	}
}

// hurry has keep ask the store at once.
func (l *lease) hurry() {
	select {
	case l.hurried <- struct{}{}:
	default:
	}
}

// usable waits until the store has l for us, and returns its id. The error says why
// it has not, after a while, or when keys under it are over.
func (s *Server) usable(ctx context.Context, l *lease) (id string, err error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		s.mu.Lock()
		id, err = l.id, l.err
		left, ready := l.ttl-time.Since(l.renewed), l.ready
		s.mu.Unlock()
		if err == nil && id != "" && left > 0 {
			return id, nil
		}
		l.hurry()
		var over <-chan time.Time
		if left > 0 && err != nil {
			over = time.After(left)
		}
		select {
		case <-ready:
			continue
		case <-over:
		case <-timer.C:
		case <-ctx.Done():
			err = ctx.Err()
		case <-s.ctx.Done():
			err = s.ctx.Err()
		}
		if err == nil {
			err = s.store.NoAnswer(patience)
		}
		return "", err
	}
}

// renew has the store renew l if that was longer ago than age, or grant one if
// there is none.
func (s *Server) renew(ctx context.Context, l *lease, age time.Duration) error {
	select {
	case l.granted <- struct{}{}:
		defer func() { <-l.granted }()
	case <-ctx.Done():
		return ctx.Err()
	}
	s.mu.Lock()
	id, known := l.id, l.err == nil && time.Since(l.renewed) < age
	s.mu.Unlock()
	if id != "" && known {
		return nil
	}
	asked := time.Now()
	var err error
	if id != "" {
		_, err = s.store.Renew(ctx, id, l.ttl)
		if errors.Is(err, leasing.ErrGone) {
			s.log.Warn("the store lost the lease, asking for a new one", "lease", id, "ttl", l.ttl)
			id, err = "", nil
		}
	}
	if err == nil && id == "" {
		id, err = s.store.Grant(ctx, l.ttl)
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	s.mu.Lock()
	granted := err == nil && id != l.id
	if l.err = err; err == nil {
		l.id, l.renewed = id, asked
		close(l.ready)
		l.ready = make(chan struct{})
	}
	s.mu.Unlock()
	if granted {
		s.save()
	}
	return err
}

// lost is told that the store does not know id any more.
func (s *Server) lost(l *lease, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.id == id {
		s.log.Warn("the store lost the lease, asking for a new one", "lease", id, "ttl", l.ttl)
		l.id, l.err = "", errors.New("the store lost the lease")
		l.hurry()
	}
}

// join returns the lease of ttl, made if there is none, which stays until left is
// called.
func (s *Server) join(ttl time.Duration) (l *lease, left func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l = s.leases[ttl]
	if l == nil {
		l = newLease(ttl)
		s.leases[ttl] = l
		s.start(l)
	}
	l.joining++
	return l, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		l.joining--
	}
}

// retire takes l from those that new holders get if nobody but h holds it, and
// reports whether that is so. s.mu is locked.
func (s *Server) retire(l *lease, h *holder) bool {
	for _, other := range s.holders {
		if other != h && other.lease == l {
			return false
		}
	}
	if s.leases[l.ttl] != l {
		return true // retired before
	}
	if l.joining > 0 {
		return false
	}
	delete(s.leases, l.ttl)
	l.stop()
	return true
}
