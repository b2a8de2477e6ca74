package server

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// maxForwards bounds the queries that wait for an upstream at one time; more
// are dropped, as the network would.
const maxForwards = 2048

// serveUDP answers packets on conn until ctx is done and what was forwarded
// is answered.
func (s *Server) serveUDP(ctx context.Context, conn *net.UDPConn) {
	var work sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		work.Go(func() { s.readUDP(ctx, conn, &work) })
	}
	work.Wait()
}

func (s *Server) readUDP(ctx context.Context, conn *net.UDPConn, work *sync.WaitGroup) {
	buf, oob := make([]byte, 4096), make([]byte, 64)
	for {
		n, oobn, _, from, err := conn.ReadMsgUDPAddrPort(buf, oob)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			time.Sleep(time.Millisecond) // an error that stays must not cost a core
			continue
		}
		source := replySource(oob[:oobn])
		reply, later := s.Handler.Serve(buf[:n], false, from.Addr())
		switch {
		case reply != nil:
			conn.WriteMsgUDPAddrPort(reply, source, from)
		case later != nil:
			source = append([]byte(nil), source...)
			s.limited(ctx, work, later, func(reply []byte) { conn.WriteMsgUDPAddrPort(reply, source, from) })
		}
	}
}

// limited makes a reply in the background, or none if too many are being made.
func (s *Server) limited(ctx context.Context, work *sync.WaitGroup, later func(context.Context) []byte, send func([]byte)) {
	select {
	case s.forwarding <- struct{}{}:
	default:
		return
	}
	work.Go(func() {
		defer func() { <-s.forwarding }()
		send(later(context.WithoutCancel(ctx)))
	})
}

// replySource turns the control message of a query to a wildcard socket into
// the one that sends its reply from the address the query was sent to.
func replySource(oob []byte) []byte {
	const data = unix.SizeofCmsghdr
	if len(oob) >= data+unix.SizeofInet4Pktinfo && binary.NativeEndian.Uint32(oob[8:]) == unix.IPPROTO_IP {
		// The route, not the interface the query came by, decides the way back.
		clear(oob[data : data+4])
	}
	return oob
}

// listenUDP opens a socket; for a wildcard address one that tells which
// address each packet was sent to.
func listenUDP(at netip.AddrPort) (*net.UDPConn, error) {
	network := "udp4"
	if at.Addr().Is6() {
		network = "udp6"
	}
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	conn.SetReadBuffer(1 << 20)
	if !at.Addr().IsUnspecified() {
		return conn, nil
	}
	raw, err := conn.SyscallConn()
	if err == nil {
		raw.Control(func(fd uintptr) {
			if at.Addr().Is4() {
				err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
			} else {
				err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
			}
		})
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}
