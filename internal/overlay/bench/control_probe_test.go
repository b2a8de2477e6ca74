package bench

import (
	"encoding/binary"
	"fmt"
	"net"

	"golang.org/x/sys/unix"

	"rundock/internal/overlay"
)

// probe is what anybody's program would have to do at least: requests that
// were written beforehand, sent many at a time, and lists that are received
// and not looked at. Ratios are to it.
type probe struct {
	fd    int
	index int // of the VXLAN device
	buf   []byte
}

// openProbe opens one in the namespace of the calling thread, where the
// network's devices are.
func openProbe(dev string) (*probe, error) {
	found, err := net.InterfaceByName(dev)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
	}
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 1<<20)
	}
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1) // lists of what is asked for alone
	}
	return &probe{fd, found.Index, make([]byte, 256<<10)}, err
}

func (p *probe) close() { unix.Close(p.fd) }

// attribute appends one of netlink's, padded to 4 bytes.
func attribute(b []byte, kind uint16, value []byte) []byte {
	b = binary.NativeEndian.AppendUint16(b, uint16(4+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	return append(b, make([]byte, (4-len(value)%4)%4)...)
}

func number(v int) []byte { return binary.NativeEndian.AppendUint32(nil, uint32(v)) }

// message is one request, without its number.
func message(kind, flags uint16, body []byte) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(16+len(body)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = binary.NativeEndian.AppendUint16(b, flags|unix.NLM_F_REQUEST)
	return append(append(b, make([]byte, 8)...), body...)
}

const put = unix.NLM_F_CREATE | unix.NLM_F_REPLACE

// requests are those that lead to peers: for each a neighbour, a forwarding
// entry, and a route with a metric of its own.
func (p *probe) requests(peers []overlay.Peer) [][]byte {
	var all [][]byte
	for i, peer := range peers {
		via := peer.Subnet.Addr().AsSlice()
		neighbour := func(family, flags byte, dst []byte) []byte {
			b := append([]byte{family, 0, 0, 0}, number(p.index)...)
			b = append(b, unix.NUD_PERMANENT, 0, flags, 0)
			return attribute(attribute(b, unix.NDA_DST, dst), unix.NDA_LLADDR, peer.MAC[:])
		}
		route := []byte{unix.AF_INET, byte(peer.Subnet.Bits()), 0, 0, unix.RT_TABLE_MAIN, overlay.Protocol, unix.RT_SCOPE_UNIVERSE, unix.RTN_UNICAST}
		route = append(route, number(unix.RTNH_F_ONLINK)...)
		route = attribute(attribute(route, unix.RTA_DST, via), unix.RTA_GATEWAY, via)
		route = attribute(attribute(route, unix.RTA_OIF, number(p.index)), unix.RTA_PRIORITY, number(i+1))
		all = append(all,
			message(unix.RTM_NEWNEIGH, put, neighbour(unix.AF_INET, 0, via)),
			message(unix.RTM_NEWNEIGH, put, neighbour(unix.AF_BRIDGE, unix.NTF_SELF, peer.Underlay.AsSlice())),
			message(unix.RTM_NEWROUTE, put, route))
	}
	return all
}

// send sends requests, 64 KiB at a time, and fails if one of them did.
func (p *probe) send(requests [][]byte) error {
	for len(requests) > 0 {
		p.buf = p.buf[:0]
		for len(requests) > 0 && len(p.buf)+len(requests[0]) <= 64<<10 {
			at := len(p.buf)
			p.buf = append(p.buf, requests[0]...)
			if requests = requests[1:]; len(requests) == 0 || len(p.buf)+len(requests[0]) > 64<<10 {
				p.buf[at+6] |= unix.NLM_F_ACK
			}
		}
		if err := unix.Sendto(p.fd, p.buf, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return err
		}
		n, _, err := unix.Recvfrom(p.fd, p.buf[:cap(p.buf)], 0)
		if err != nil {
			return err
		}
		// The first answer is of what failed, or else of the last.
		if n < 20 || binary.NativeEndian.Uint16(p.buf[4:]) != unix.NLMSG_ERROR {
			return fmt.Errorf("%d bytes of an answer that is none", n)
		}
		if code := int32(binary.NativeEndian.Uint32(p.buf[16:])); code != 0 {
			return fmt.Errorf("a request: %w", unix.Errno(-code))
		}
	}
	return nil
}

// look receives the three lists that an audit needs, of the device alone.
func (p *probe) look() error {
	neighbours := func(family byte) []byte {
		b := append([]byte{family, 0, 0, 0}, number(0)...)
		return attribute(append(b, 0, 0, 0, 0), unix.NDA_IFINDEX, number(p.index))
	}
	routes := []byte{unix.AF_INET, 0, 0, 0, unix.RT_TABLE_MAIN, overlay.Protocol, 0, 0, 0, 0, 0, 0}
	for _, m := range [][]byte{
		message(unix.RTM_GETNEIGH, unix.NLM_F_DUMP, neighbours(unix.AF_INET)),
		message(unix.RTM_GETNEIGH, unix.NLM_F_DUMP, neighbours(unix.AF_BRIDGE)),
		message(unix.RTM_GETROUTE, unix.NLM_F_DUMP, attribute(routes, unix.RTA_OIF, number(p.index))),
	} {
		if err := unix.Sendto(p.fd, m, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return err
		}
		for done := false; !done; {
			n, _, err := unix.Recvfrom(p.fd, p.buf[:cap(p.buf)], 0)
			if err != nil {
				return err
			}
			kind := binary.NativeEndian.Uint16(p.buf[:cap(p.buf)][4:])
			if kind == unix.NLMSG_ERROR {
				return fmt.Errorf("a list: %w", unix.Errno(-int32(binary.NativeEndian.Uint32(p.buf[:cap(p.buf)][16:]))))
			}
			// NLMSG_DONE comes in a datagram of its own, or last in one.
			for rest := p.buf[:n]; len(rest) >= 16; {
				size := int(binary.NativeEndian.Uint32(rest)+3) &^ 3
				done = binary.NativeEndian.Uint16(rest[4:]) == unix.NLMSG_DONE
				rest = rest[min(size, len(rest)):]
			}
		}
	}
	return nil
}
