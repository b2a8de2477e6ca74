package server

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A udpSocket is a UDP socket that Go's poller does not know. It would wait
// for the socket to be writable as well as readable, and so be woken for
// replies that have left. An epoll of the socket's own waits for packets alone;
// that is what Go's poller watches.
type udpSocket struct {
	fd    int
	epoll *os.File
	wait  syscall.RawConn // of epoll
}

// listenUDP opens a socket that shares its address with others of its kind;
// for a wildcard address one that tells which address each packet was sent to.
func listenUDP(at netip.AddrPort) (*udpSocket, error) {
	network := "udp4"
	if at.Addr().Is6() {
		network = "udp6"
	}
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var err error
		set := func(level, option int) func(fd uintptr) {
			return func(fd uintptr) {
				if err == nil {
					err = unix.SetsockoptInt(int(fd), level, option, 1)
				}
			}
		}
		if e := raw.Control(set(unix.SOL_SOCKET, unix.SO_REUSEPORT)); e != nil {
			return e
		}
		switch {
		case !at.Addr().IsUnspecified():
		case at.Addr().Is4():
			raw.Control(set(unix.IPPROTO_IP, unix.IP_PKTINFO))
		default:
			raw.Control(set(unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO))
		}
		return err
	}}
	conn, err := config.ListenPacket(context.Background(), network, at.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	udp := conn.(*net.UDPConn)
	udp.SetReadBuffer(1 << 20)
	fd, err := duplicateOf(udp)
	if err != nil {
		return nil, err
	}
	return newUDPSocket(fd)
}

// newUDPSocket makes a socket of a descriptor, which is its own from then on,
// also with an error.
func newUDPSocket(fd int) (*udpSocket, error) {
	s := &udpSocket{fd: fd}
	err := s.watch()
	if err != nil {
		s.close()
		return nil, fmt.Errorf("watch a UDP socket: %w", err)
	}
	return s, nil
}

// watch makes the epoll.
func (s *udpSocket) watch() error {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	// Go's poller takes what does not block.
	err = unix.SetNonblock(fd, true)
	s.epoll = os.NewFile(uintptr(fd), "epoll")
	if err != nil {
		return err
	}
	if err := unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, s.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(s.fd)}); err != nil {
		return err
	}
	// An error where Go's poller has not taken it: it would not wait.
	if err := s.epoll.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	s.wait, err = s.epoll.SyscallConn()
	return err
}

func (s *udpSocket) close() {
	if s.epoll != nil {
		s.epoll.Close()
	}
	unix.Close(s.fd)
}

// receive calls try, which is to read without waiting, until it says that it
// is done: at once, and whenever a packet has come. It returns an error once
// the socket is ended.
func (s *udpSocket) receive(try func(uintptr) (done bool)) error { return s.wait.Read(try) }

// end makes receive return, now and from now on. What was read can still be
// answered.
func (s *udpSocket) end() { s.epoll.SetReadDeadline(time.Unix(1, 0)) }

// awaitRoom waits until something can be sent again, as a rule: the caller tries.
func (s *udpSocket) awaitRoom() {
	unix.Poll([]unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLOUT}}, int(time.Second/time.Millisecond))
}

// send sends one packet, with a control message. One that cannot be sent is
// lost, as on the way.
func (s *udpSocket) send(packet, control []byte, to netip.AddrPort) {
	var name unix.Sockaddr
	if to.Addr().Is4() {
		name = &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}
	} else {
		zone, _ := strconv.ParseUint(to.Addr().Zone(), 10, 32) // as batch.from has it
		name = &unix.SockaddrInet6{Port: int(to.Port()), ZoneId: uint32(zone), Addr: to.Addr().As16()}
	}
	for unix.Sendmsg(s.fd, packet, control, name, unix.MSG_DONTWAIT) == unix.EAGAIN {
		s.awaitRoom()
	}
}
