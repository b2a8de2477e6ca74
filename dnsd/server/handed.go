package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Handed is a bound address on its way from one process to another: the
// numbers of its sockets' descriptors. Both processes may serve it for a
// while; each packet and connection goes to one of them, and none is lost as
// long as one of them has the sockets open.
type Handed struct {
	At  netip.AddrPort
	TCP int
	UDP []int
}

// A HandedConn is an open connection over TCP on its way from one process to
// another. All queries before what was read are answered.
type HandedConn struct {
	FD   int
	Read []byte // of the next query
}

// passOn gives a connection to PassOn, which has it if this says so.
func (c *connection) passOn() bool {
	if c.PassOn == nil {
		return false
	}
	fd, err := duplicateOf(c.TCPConn)
	if err != nil {
		return false // it is closed
	}
	defer unix.Close(fd)
	return c.PassOn(HandedConn{fd, c.read})
}

// adopt serves a connection of another process.
func (s *Server) adopt(ctx context.Context, work *sync.WaitGroup, h HandedConn) {
	f := os.NewFile(uintptr(h.FD), "adopted")
	defer f.Close()
	conn, err := net.FileConn(f)
	if err != nil {
		s.Log.Error("a connection is not taken over", "err", err)
		return
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok || tcp.RemoteAddr() == nil {
		conn.Close() // it is closed
		return
	}
	s.startConn(ctx, work, tcp, h.Read)
}

// Close closes the descriptors.
func (h Handed) Close() {
	for _, fd := range append([]int{h.TCP}, h.UDP...) {
		unix.Close(fd)
	}
}

// HandOver returns copies of the sockets that Run has bound so far, to be
// passed on and closed by the caller. They are closed by exec unless that is
// changed.
func (s *Server) HandOver() (all []Handed, err error) {
	s.binding.Lock()
	defer s.binding.Unlock()
	for _, k := range s.bound {
		h, err := k.handOver()
		if err != nil {
			for _, h := range all {
				h.Close()
			}
			return nil, fmt.Errorf("hand over %s: %w", k.at, err)
		}
		all = append(all, h)
	}
	return all, nil
}

// handOver copies all of a socket, or nothing.
func (k socket) handOver() (Handed, error) {
	tcp, err := duplicateOf(k.tcp)
	if err != nil {
		return Handed{}, err
	}
	h := Handed{At: k.at, TCP: tcp}
	for _, each := range k.udp {
		fd, err := duplicate(each.fd)
		if err != nil {
			h.Close()
			return Handed{}, err
		}
		h.UDP = append(h.UDP, fd)
	}
	return h, nil
}

// duplicate is closed by exec.
func duplicate(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0) }

// duplicateOf does not use File, whose Fd makes the socket block, for both.
func duplicateOf(conn syscall.Conn) (fd int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var dup error
	err = raw.Control(func(from uintptr) { fd, dup = duplicate(int(from)) })
	return fd, errors.Join(err, dup)
}

// inherited takes the sockets of an address out of Inherit.
func (s *Server) inherited(at netip.AddrPort) (k socket, ok bool, err error) {
	i := slices.IndexFunc(s.Inherit, func(h Handed) bool { return h.At == at })
	if i < 0 {
		return socket{}, false, nil
	}
	h := s.Inherit[i]
	s.Inherit = slices.Delete(s.Inherit, i, i+1)
	defer h.Close() // what follows makes copies
	if len(h.UDP) == 0 {
		return socket{}, true, fmt.Errorf("inherited socket of %s has no UDP", at)
	}
	k.at = at
	for _, fd := range h.UDP {
		udp, err := inheritUDP(fd)
		if err != nil {
			k.close()
			return socket{}, true, fmt.Errorf("inherited socket of %s: %w", at, err)
		}
		k.udp = append(k.udp, udp)
	}
	if k.tcp, err = inheritTCP(h.TCP); err != nil {
		k.close()
		return socket{}, true, fmt.Errorf("inherited socket of %s: %w", at, err)
	}
	return k, true, nil
}

// inheritUDP makes a socket out of a descriptor, which stays open.
func inheritUDP(fd int) (*udpSocket, error) {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return nil, err
	}
	if kind != unix.SOCK_DGRAM {
		return nil, errors.New("it is no UDP socket")
	}
	copied, err := duplicate(fd)
	if err != nil {
		return nil, err
	}
	return newUDPSocket(copied)
}

// inheritTCP makes a listener out of a descriptor, which stays open.
func inheritTCP(fd int) (*net.TCPListener, error) {
	copied, err := duplicate(fd)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(copied), "inherited")
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		l.Close()
		return nil, errors.New("it is no TCP listener")
	}
	return tcp, nil
}

// closeInherited closes what no address was asked for.
func (s *Server) closeInherited() {
	s.binding.Lock()
	defer s.binding.Unlock()
	for _, h := range s.Inherit {
		h.Close()
	}
	s.Inherit = nil
}
