package server

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	idleTimeout  = 10 * time.Second // without a whole query
	writeTimeout = 5 * time.Second
	// lastQueries is how long connections are still read when the server ends:
	// a query may be on its way.
	lastQueries = 300 * time.Millisecond
	// goodbye is how long a client may take to close a connection that is
	// closed here. What it sends until then must not make the kernel reset the
	// connection, by which the last replies could be lost.
	goodbye = 300 * time.Millisecond
)

// serveTCP answers connections of l until it is closed and they are done.
func (s *Server) serveTCP(ctx context.Context, l *net.TCPListener) {
	var work sync.WaitGroup
	defer work.Wait()
	for {
		conn, err := l.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // out of descriptors: let some close
			continue
		}
		s.startConn(ctx, &work, conn, nil)
	}
}

// startConn serves a connection, of which something may have been read
// already, if there is a place for it.
func (s *Server) startConn(ctx context.Context, work *sync.WaitGroup, conn *net.TCPConn, read []byte) {
	client := conn.RemoteAddr().(*net.TCPAddr).AddrPort()
	own, end := context.WithCancel(ctx)
	place := s.connections.admit(client.Addr().Unmap(), end)
	counts := s.Handler.Metrics.Connections
	if place == nil {
		counts.Refused.Inc()
		end()
		conn.Close()
		return
	}
	c := &connection{
		TCPConn: conn, Server: s, place: place, read: read,
		client: Client{AddrPort: client, TCP: true, Counts: s.tcpCounts},
	}
	counts.Open.Inc()
	work.Go(func() {
		defer end()
		defer counts.Open.Dec()
		defer s.connections.leave(place)
		c.serve(ctx, own)
	})
}

// A connection is one over TCP that is being served.
type connection struct {
	*net.TCPConn
	*Server
	place   *place
	client  Client
	read    []byte // and not answered: whole queries, and a part of one
	writing sync.Mutex
	waiting sync.WaitGroup // queries that wait for an upstream
}

// serve answers queries until the client is done or own is. When the server's
// ctx is, another process goes on, or those queries are answered that are on
// their way then.
func (c *connection) serve(ctx, own context.Context) {
	defer c.Close()
	err := c.answer(own, func() time.Time { return time.Now().Add(idleTimeout) })
	switch {
	case err != nil: // the client is done
	case ctx.Err() == nil:
		c.Handler.Metrics.Connections.Displaced.Inc()
	default:
		c.waiting.Wait()
		if c.passOn() {
			return
		}
		until := time.Now().Add(lastQueries)
		c.answer(context.WithoutCancel(ctx), func() time.Time { return until })
	}
	c.waiting.Wait()
	c.sayGoodbye()
}

// errNotDNS ends a connection over which something else is spoken.
var errNotDNS = errors.New("not DNS")

// answer answers pipelined queries, each when its reply is ready, until ctx is
// done, which is no error, or the next one does not come in time.
func (c *connection) answer(ctx context.Context, deadline func() time.Time) error {
	stop := context.AfterFunc(ctx, func() { c.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	for {
		// ctx may end between the two.
		if c.SetReadDeadline(deadline()); ctx.Err() != nil {
			c.SetReadDeadline(time.Unix(1, 0))
		}
		packet, err := c.next()
		switch {
		case err != nil && ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		case !c.reply(ctx, packet):
			return errNotDNS
		}
	}
}

// reply answers one query, at once or later, unless it is none.
func (c *connection) reply(ctx context.Context, packet []byte) bool {
	c.place.begin()
	reply, later := c.Handler.Serve(packet, c.client)
	if later != nil {
		client := c.client.Addr().Unmap()
		c.forwarding.wait(client) // where there are too many, the client's next queries wait as well
		c.forward(ctx, &c.waiting, client, later, func(reply []byte) {
			c.write(reply)
			c.place.done()
		})
		return true
	}
	if reply != nil {
		c.write(reply)
	}
	c.place.done()
	return reply != nil
}

// next returns the next query once it is whole. What was read of it stays in
// read if there is an error.
func (c *connection) next() ([]byte, error) {
	for {
		if len(c.read) >= 2 {
			if end := 2 + int(binary.BigEndian.Uint16(c.read)); end <= len(c.read) {
				packet := c.read[2:end]
				c.read = c.read[end:]
				return packet, nil
			}
		}
		c.read = slices.Grow(c.read, 512)
		n, err := c.Read(c.read[len(c.read):cap(c.read)])
		c.read = c.read[:len(c.read)+n]
		if err != nil && n == 0 {
			return nil, err
		}
	}
}

func (c *connection) write(reply []byte) {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
		c.Close() // it does not read, or has half a reply
	}
}

// sayGoodbye tells the client that no reply follows, and waits for it to close.
func (c *connection) sayGoodbye() {
	c.CloseWrite()
	c.SetReadDeadline(time.Now().Add(goodbye))
	io.Copy(io.Discard, c.TCPConn)
}

func listenTCP(at netip.AddrPort) (*net.TCPListener, error) {
	network := "tcp4"
	if at.Addr().Is6() {
		network = "tcp6"
	}
	return net.ListenTCP(network, net.TCPAddrFromAddrPort(at))
}
