package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"rundock/dnsd/metrics"
	"rundock/internal/ifaddr"
	"rundock/internal/pause"
)

// retry is how often an address that is not there yet is tried again.
const retry = time.Second

// Server listens on addresses and hands packets to Handler.
type Server struct {
	Handler *Handler
	Log     *slog.Logger
	// OnListen, which may be nil, is told each address once it is served.
	OnListen func(netip.AddrPort)
	// OnBound, which may be nil, is called once all addresses that are there
	// are served.
	OnBound func()
	// Inherit are sockets that another process had, served instead of new ones
	// where Run is asked for their address, and else closed.
	Inherit []Handed
	// Trial serves what is inherited alone; other addresses are bound, to see
	// that they can be, and let go.
	Trial bool
	// PassOn, which may be nil, is given each connection over TCP that is open
	// when the server ends, and says whether another process goes on with it.
	// The descriptor is closed afterwards.
	PassOn func(HandedConn) bool
	// Adopted, which may be nil, are connections of another process to go on with.
	Adopted <-chan HandedConn

	binding     sync.Mutex // guards Inherit, bound
	bound       []socket
	forwarding  *forwardLimit
	connections connections
	tcpCounts   *metrics.Queries
}

// An Address is where to listen: an IP address or the name of an interface,
// of which the first address is taken, and a port.
type Address struct {
	Host string // empty: every address
	Port uint16
}

// ParseAddress reads "10.0.0.1:53", "[::1]:53", "eth1:53" or ":53"; a missing
// port is 53.
func ParseAddress(s string) (Address, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return Address{addr.String(), 53}, nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = s, "53"
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return Address{}, fmt.Errorf("listen address %q: port %q is not between 0 and 65535", s, port)
	}
	if _, err := netip.ParseAddr(host); err != nil && (len(host) > 15 || s == "") {
		return Address{}, fmt.Errorf("listen address %q: want an IP address or an interface, and a port", s)
	}
	return Address{host, uint16(n)}, nil
}

func (a Address) String() string { return net.JoinHostPort(a.Host, strconv.Itoa(int(a.Port))) }

// errNotYet is of an address the host does not have, at least not yet.
var errNotYet = errors.New("not on this host")

// resolve turns an address into what can be bound now.
func (a Address) resolve() ([]netip.AddrPort, error) {
	if a.Host == "" {
		all := []netip.AddrPort{netip.AddrPortFrom(netip.IPv4Unspecified(), a.Port)}
		if c, err := net.ListenPacket("udp6", "[::]:0"); err == nil {
			c.Close()
			all = append(all, netip.AddrPortFrom(netip.IPv6Unspecified(), a.Port))
		}
		return all, nil
	}
	if addr, err := netip.ParseAddr(a.Host); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(addr.Unmap(), a.Port)}, nil
	}
	ifc, err := net.InterfaceByName(a.Host)
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w", a.Host, errNotYet)
	}
	addrs, err := ifc.Addrs()
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w", a.Host, err)
	}
	if first := ifaddr.First(addrs); first.IsValid() {
		return []netip.AddrPort{netip.AddrPortFrom(first, a.Port)}, nil
	}
	return nil, fmt.Errorf("interface %s has no address: %w", a.Host, errNotYet)
}

// Run serves addrs until ctx is done and returns nil once the queries at hand
// are answered. An address the host does not have yet is tried again until it
// has; any other reason not to listen at the start is an error that names the
// address.
func (s *Server) Run(ctx context.Context, addrs []Address) error {
	s.forwarding = newForwardLimit()
	s.tcpCounts = s.Handler.Metrics.NewQueries(metrics.TCP)
	var bound []socket
	var later []Address
	for _, a := range addrs {
		sockets, err := s.bind(a)
		if err != nil && !isNotYet(err) {
			closeAll(bound)
			return fmt.Errorf("listen on %s: %w", a, err)
		}
		if err != nil {
			s.Log.Warn("listen: address is not there yet, trying on", "address", a.String(), "err", err)
			later = append(later, a)
		}
		bound = append(bound, sockets...)
	}
	s.closeInherited()
	var serving sync.WaitGroup
	for _, k := range bound {
		serving.Go(func() { s.serve(ctx, k) })
	}
	if s.OnBound != nil {
		s.OnBound()
	}
	for _, a := range later {
		serving.Go(func() {
			for _, k := range s.await(ctx, a) {
				serving.Go(func() { s.serve(ctx, k) })
			}
		})
	}
	for {
		select {
		case h := <-s.Adopted:
			s.adopt(ctx, &serving, h)
		case <-ctx.Done():
			serving.Wait()
			return nil
		}
	}
}

// await binds an address as soon as it can be.
func (s *Server) await(ctx context.Context, a Address) []socket {
	last := ""
	for pause.For(ctx, retry) == nil {
		sockets, err := s.bind(a)
		if err == nil {
			return sockets
		}
		if !isNotYet(err) && err.Error() != last {
			last = err.Error()
			s.Log.Error("listen: address cannot be served, trying on", "address", a.String(), "err", err)
		}
	}
	return nil
}

// A socket is one bound address, UDP and TCP. UDP has a socket for each core,
// among which the kernel spreads the clients.
type socket struct {
	at  netip.AddrPort
	udp []*udpSocket
	tcp *net.TCPListener
}

func (k socket) close() {
	if k.tcp != nil {
		k.tcp.Close()
	}
	for _, each := range k.udp {
		each.close()
	}
}

func (s *Server) bind(a Address) ([]socket, error) {
	all, err := a.resolve()
	if err != nil {
		return nil, err
	}
	s.binding.Lock()
	defer s.binding.Unlock()
	var bound []socket
	for _, at := range all {
		k, inherited, unfit := s.inherited(at)
		if inherited && unfit == nil {
			bound = append(bound, k)
			continue
		}
		k, err := bindBoth(at)
		for tries := 0; at.Port() == 0 && errors.Is(err, syscall.EADDRINUSE) && tries < 10; tries++ {
			k, err = bindBoth(at) // TCP was given a port that UDP has not free
		}
		if err != nil {
			closeAll(bound)
			return nil, errors.Join(unfit, err)
		}
		if s.Trial {
			k.close()
			continue
		}
		bound = append(bound, k)
	}
	s.bound = append(s.bound, bound...)
	return bound, nil
}

// bindBoth binds TCP, and UDP on the port that TCP was given. UDP sockets
// share their address, also with another dnsd: TCP's shows that it is taken.
func bindBoth(at netip.AddrPort) (socket, error) {
	tcp, err := listenTCP(at)
	if err != nil {
		return socket{}, err
	}
	at = netip.AddrPortFrom(at.Addr(), uint16(tcp.Addr().(*net.TCPAddr).Port))
	k := socket{at: at, tcp: tcp}
	for range runtime.GOMAXPROCS(0) {
		udp, err := listenUDP(at)
		if err != nil {
			k.close()
			return socket{}, err
		}
		k.udp = append(k.udp, udp)
	}
	return k, nil
}

func closeAll(sockets []socket) {
	for _, k := range sockets {
		k.close()
	}
}

func isNotYet(err error) bool {
	return errors.Is(err, errNotYet) || errors.Is(err, syscall.EADDRNOTAVAIL)
}

// serve answers on one socket until ctx is done.
func (s *Server) serve(ctx context.Context, k socket) {
	s.Log.Info("listening", "address", k.at.String())
	if s.OnListen != nil {
		s.OnListen(k.at)
	}
	// The UDP sockets stay open for the replies of forwarded queries.
	stop := context.AfterFunc(ctx, func() {
		for _, each := range k.udp {
			each.end()
		}
		k.tcp.Close()
	})
	defer stop()
	defer k.close()
	var both sync.WaitGroup
	for _, each := range k.udp {
		both.Go(func() { s.serveUDP(ctx, each) })
	}
	both.Go(func() { s.serveTCP(ctx, k.tcp) })
	both.Wait()
}
