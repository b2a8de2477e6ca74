package server

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
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
		h := Handed{At: k.at}
		if h.TCP, err = duplicate(k.tcp); err != nil {
			err = fmt.Errorf("hand over %s: %w", k.at, err)
			break
		}
		for _, conn := range k.udp {
			var fd int
			if fd, err = duplicate(conn); err != nil {
				err = fmt.Errorf("hand over %s: %w", k.at, err)
				break
			}
			h.UDP = append(h.UDP, fd)
		}
		all = append(all, h)
	}
	if err != nil {
		for _, h := range all {
			h.Close()
		}
		return nil, err
	}
	return all, nil
}

// duplicate does not use File, whose Fd makes the socket block, for both.
func duplicate(conn syscall.Conn) (fd int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var dup error
	err = raw.Control(func(from uintptr) { fd, dup = unix.FcntlInt(from, unix.F_DUPFD_CLOEXEC, 0) })
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
	k.at = at
	for _, fd := range h.UDP {
		conn, err := fileOf(fd, net.FilePacketConn)
		if err != nil {
			k.close()
			return socket{}, true, err
		}
		udp, ok := conn.(*net.UDPConn)
		if !ok {
			conn.Close()
			k.close()
			return socket{}, true, fmt.Errorf("inherited socket of %s is no UDP socket", at)
		}
		k.udp = append(k.udp, udp)
	}
	l, err := fileOf(h.TCP, net.FileListener)
	if err != nil {
		k.close()
		return socket{}, true, err
	}
	if k.tcp, ok = l.(*net.TCPListener); !ok {
		l.Close()
		k.close()
		return socket{}, true, fmt.Errorf("inherited socket of %s is no TCP listener", at)
	}
	return k, true, nil
}

// fileOf makes what listens out of a descriptor, which stays open.
func fileOf[T any](fd int, made func(*os.File) (T, error)) (T, error) {
	copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		var none T
		return none, err
	}
	f := os.NewFile(uintptr(copied), "inherited")
	defer f.Close()
	return made(f)
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
