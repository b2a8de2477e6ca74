package server

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	maxConnections = 1024             // over TCP at one time; a further one is closed at once
	idleTimeout    = 10 * time.Second // without a whole query
	writeTimeout   = 5 * time.Second
	// lastQueries is how long connections are still read when the server ends:
	// a query may be on its way.
	lastQueries = 300 * time.Millisecond
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
		select {
		case s.connections <- struct{}{}:
			work.Go(func() {
				defer func() { <-s.connections }()
				s.serveConn(ctx, conn)
			})
		default:
			conn.Close()
		}
	}
}

// serveConn answers pipelined queries, each when its reply is ready.
func (s *Server) serveConn(ctx context.Context, conn *net.TCPConn) {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Now().Add(lastQueries)) })
	defer stop()
	var until time.Time // set once ctx is done
	client := Client{AddrPort: conn.RemoteAddr().(*net.TCPAddr).AddrPort(), TCP: true, Counts: s.tcpCounts}
	var writing sync.Mutex
	write := func(reply []byte) {
		writing.Lock()
		defer writing.Unlock()
		conn.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
			conn.Close() // it does not read, or has half a reply
		}
	}
	var waiting sync.WaitGroup
	defer waiting.Wait()
	for {
		conn.SetReadDeadline(time.Now().Add(idleTimeout))
		if ctx.Err() != nil {
			if until.IsZero() {
				until = time.Now().Add(lastQueries)
			}
			conn.SetReadDeadline(until)
		}
		packet, err := readMessage(conn)
		if err != nil {
			return
		}
		reply, later := s.Handler.Serve(packet, client)
		switch {
		case reply != nil:
			write(reply)
		case later != nil:
			s.limited(ctx, &waiting, later, write)
		default:
			return // not DNS
		}
	}
}

func readMessage(r io.Reader) ([]byte, error) {
	var length [2]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	packet := make([]byte, binary.BigEndian.Uint16(length[:]))
	_, err := io.ReadFull(r, packet)
	return packet, err
}

func listenTCP(at netip.AddrPort) (*net.TCPListener, error) {
	network := "tcp4"
	if at.Addr().Is6() {
		network = "tcp6"
	}
	return net.ListenTCP(network, net.TCPAddrFromAddrPort(at))
}
