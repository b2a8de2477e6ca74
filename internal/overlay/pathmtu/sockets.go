package pathmtu

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"

	"rundock/internal/overlay"
)

// sockets are what a Prober sends and receives by. They take nothing in but
// answers.
type sockets struct {
	network  overlay.Network
	underlay netip.AddrPort // with the port of wire
	wire     *net.UDPConn   // sends over IPv6; holds the port that raw sends from
	raw      int            // sends over IPv4, with a header of ours; -1: none
	echo     *net.IPConn    // sends the controls, and receives all answers
	route    int            // is connected to a peer, to see what the kernel takes for the MTU of the path; -1: none
}

// icmpFilter is ICMP_FILTER: types that a raw socket does not receive, a bit
// for each.
const icmpFilter = 1

func (s *sockets) open(underlay netip.Addr) error {
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		e := c.Control(func(fd uintptr) { err = setSendOnly(int(fd), underlay.Is4()) })
		return errors.Join(e, err)
	}}
	wire, err := lc.ListenPacket(context.Background(), "udp", netip.AddrPortFrom(underlay, 0).String())
	if err != nil {
		return err
	}
	s.wire = wire.(*net.UDPConn)
	s.underlay = netip.AddrPortFrom(underlay, s.wire.LocalAddr().(*net.UDPAddr).AddrPort().Port())
	if underlay.Is4() {
		if s.raw, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_RAW); err != nil {
			return err
		}
		// As the VXLAN device, for routes that depend on it.
		if err := errors.Join(unix.SetsockoptInt(s.raw, unix.IPPROTO_IP, unix.IP_FREEBIND, 1), unix.Bind(s.raw, sockaddr(underlay, 0))); err != nil {
			return err
		}
	}
	family := unix.AF_INET
	if underlay.Is6() {
		family = unix.AF_INET6
	}
	if s.route, err = unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0); err != nil {
		return err
	}
	if err := errors.Join(dropIncoming(s.route), allowFreeBind(s.route, underlay.Is4()), unix.Bind(s.route, sockaddr(underlay, 0))); err != nil {
		return err
	}
	if s.echo, err = net.ListenIP("ip4:1", nil); err != nil {
		return err
	}
	return s.withEcho(func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_RAW, icmpFilter, ^(1 << icmpEchoReply)) })
}

func (s *sockets) withEcho(f func(fd int) error) error {
	raw, err := s.echo.SyscallConn()
	if err != nil {
		return err
	}
	e := raw.Control(func(fd uintptr) { err = f(int(fd)) })
	return errors.Join(e, err)
}

// setSendOnly has a socket drop what comes. What a router says of a packet that
// was too big goes no further either (that is what DISC_INTERFACE is for): the
// kernel would remember it for ten minutes, and no packet of the VXLAN device
// be larger when the path is wide again.
func setSendOnly(fd int, four bool) error {
	err := errors.Join(dropIncoming(fd), allowFreeBind(fd, four))
	if four {
		return errors.Join(err, unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_INTERFACE))
	}
	return errors.Join(err, unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_INTERFACE),
		unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_DONTFRAG, 1))
}

func dropIncoming(fd int) error {
	nothing := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K}}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &nothing[0]})
}

// allowFreeBind is for an address that cannot be used yet, at boot.
func allowFreeBind(fd int, four bool) error {
	if four {
		return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_FREEBIND, 1)
	}
	return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_FREEBIND, 1)
}

func sockaddr(a netip.Addr, port int) unix.Sockaddr {
	if a.Is4() {
		return &unix.SockaddrInet4{Addr: a.As4(), Port: port}
	}
	return &unix.SockaddrInet6{Addr: a.As16(), Port: port}
}

// kernelMTU is the largest packet in the network that the kernel sends to a
// peer without fragmenting it, by what others, such as its own TCP, have been
// told by routers in the last ten minutes. Over IPv6 it sends no larger one at
// all, so that a path that has grown is of no use before.
func (s *sockets) kernelMTU(to netip.Addr) int {
	if err := unix.Connect(s.route, sockaddr(to, int(s.network.UDPPort()))); err != nil {
		return overlay.MaxMTU // there is no route, and nothing will be sent
	}
	level, option := unix.IPPROTO_IP, unix.IP_MTU
	if to.Is6() {
		level, option = unix.IPPROTO_IPV6, unix.IPV6_MTU
	}
	mtu, err := unix.GetsockoptInt(s.route, level, option)
	if err != nil {
		return overlay.MaxMTU
	}
	return mtu - overlay.Overhead(to)
}

// close closes what was opened.
func (s *sockets) close() {
	if s.wire != nil {
		s.wire.Close()
	}
	for _, fd := range []int{s.raw, s.route} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
	if s.echo != nil {
		s.echo.Close()
	}
}

// sendNow does not wait for room, as the Prober is locked.
func sendNow(c syscall.Conn, packet []byte, to unix.Sockaddr) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	raw.Write(func(fd uintptr) (done bool) {
		unix.Sendto(int(fd), packet, unix.MSG_DONTWAIT, to)
		return true
	})
}

// bind has nothing go to, or come from, other devices than the network's.
func (s *sockets) bind() error {
	return s.withEcho(func(fd int) error {
		return unix.SetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE, s.network.Vxlan())
	})
}
