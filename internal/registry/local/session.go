package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"rundock/internal/registry/leasing"
	"rundock/internal/registry/local/wire"
)

const (
	dialTimeout = 10 * time.Second // of a host that has much else to do
	quiet       = 2 * time.Second  // after which a silent server is asked for a sign of life
	patience    = 4 * time.Second  // and which it must answer within this
)

// session is one connection. It ends for good with the first error.
type session struct {
	conn     *wire.Conn
	away     string // what the server says of a store that does not answer
	received atomic.Int64
	ended    chan struct{} // closed once err is set

	mu    sync.Mutex
	next  uint64
	calls map[uint64]*call
	err   error
}

// call is a request that is not over.
type call struct {
	id      uint64
	session *session
	wake    chan struct{} // holds one token when there is something to take

	mu      sync.Mutex
	answers []wire.Answer
}

// dial connects and says hello.
func dial(ctx context.Context, socket string) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, fmt.Errorf("store agent: %w", err)
	}
	s := &session{conn: wire.New(conn), ended: make(chan struct{}), calls: map[uint64]*call{}}
	go s.receive()
	hello, err := s.ask(ctx, wire.Request{Do: wire.Hello, Version: wire.Version})
	switch {
	case ctx.Err() != nil:
		err = fmt.Errorf("store agent: no answer within %s from %s", dialTimeout, socket)
	case err == nil && hello.Version != wire.Version:
		err = fmt.Errorf("store agent: %s speaks version %d, and we %d", socket, hello.Version, wire.Version)
	}
	if err != nil {
		s.end(err)
		return nil, err
	}
	s.away = hello.Away
	go s.watchdog(socket)
	return s, nil
}

func (s *session) receive() {
	for {
		var a wire.Answer
		if err := s.conn.Receive(&a); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
				err = errors.New("connection closed")
			}
			s.end(fmt.Errorf("store agent: %w", err))
			return
		}
		s.received.Add(1)
		s.mu.Lock()
		c := s.calls[a.ID]
		s.mu.Unlock()
		if c != nil {
			c.mu.Lock()
			c.answers = append(c.answers, a)
			c.mu.Unlock()
			select {
			case c.wake <- struct{}{}:
			default:
			}
		}
	}
}

// end closes the connection; the first reason given counts.
func (s *session) end(reason error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = reason
		close(s.ended)
		s.conn.Close()
	}
}

// watchdog ends the session with a server that hangs.
func (s *session) watchdog(socket string) {
	wait := func(d time.Duration) bool {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-s.ended:
			return false
		case <-timer.C:
			return true
		}
	}
	for wait(quiet) {
		before := s.received.Load()
		if s.conn.Send(wire.Request{Do: wire.Ping}) != nil {
			return // receive knows why
		}
		for left := patience; s.received.Load() == before && left > 0; left -= patience / 20 {
			if !wait(patience / 20) {
				return
			}
		}
		if s.received.Load() == before {
			s.end(fmt.Errorf("store agent: %s is silent for %s", socket, quiet+patience))
		}
	}
}

// start sends a request. Whoever has started a call ends it by close.
func (s *session) start(r wire.Request) (*call, error) {
	c := &call{session: s, wake: make(chan struct{}, 1)}
	s.mu.Lock()
	if s.err != nil {
		defer s.mu.Unlock()
		return nil, s.err
	}
	s.next++
	c.id, r.ID = s.next, s.next
	s.calls[c.id] = c
	s.mu.Unlock()
	if err := s.conn.Send(r); err != nil {
		s.end(fmt.Errorf("store agent: %w", err))
		c.close()
		return nil, s.err
	}
	return c, nil
}

// take waits for the next answer; it returns ctx's own error when that is done.
func (c *call) take(ctx context.Context) (wire.Answer, error) {
	for {
		c.mu.Lock()
		if len(c.answers) > 0 {
			a := c.answers[0]
			c.answers = c.answers[1:]
			c.mu.Unlock()
			return a, failure(a)
		}
		c.mu.Unlock()
		select {
		case <-ctx.Done():
			c.session.conn.Send(wire.Request{ID: c.id, Do: wire.Cancel})
			return wire.Answer{}, ctx.Err()
		case <-c.session.ended:
			return wire.Answer{}, c.session.err
		case <-c.wake:
		}
	}
}

func (c *call) close() {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	delete(c.session.calls, c.id)
}

// ask is a request with one answer.
func (s *session) ask(ctx context.Context, r wire.Request) (wire.Answer, error) {
	c, err := s.start(r)
	if err != nil {
		return wire.Answer{}, err
	}
	defer c.close()
	return c.take(ctx)
}

// failure is the error of an answer.
func failure(a wire.Answer) error {
	switch {
	case a.Gone:
		return leasing.ErrGone
	case a.Error != "":
		return errors.New(a.Error)
	}
	return nil
}
