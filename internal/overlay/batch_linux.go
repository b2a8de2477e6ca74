package overlay

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// batch sends many requests in one message: 10,000 peers are 30,000 requests,
// and one exchange with the kernel for each costs more than what they ask.
type batch struct {
	fd int
}

const (
	batchBytes   = 64 << 10         // of one message; the kernel answers only what failed, and the last
	batchReceive = 8 << 20          // for the answers, should all of them fail
	batchTimeout = 30 * time.Second // for an answer of a kernel that is busy
)

func newBatch() (*batch, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	timeout := unix.NsecToTimeval(batchTimeout.Nanoseconds())
	err = errors.Join(
		unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, batchReceive),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 4*batchBytes),
		unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 1), // errors without the request
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout),
	)
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return &batch{fd}, nil
}

func (b *batch) close() { unix.Close(b.fd) }

// do sends requests in order, and tells of each that failed. The error is one
// of the exchange itself, after which nothing is known of the rest.
func (b *batch) do(requests []*nl.NetlinkRequest, failed func(i int, err error)) error {
	for first := 0; first < len(requests); {
		var message []byte
		last := first
		for ; last < len(requests) && len(message) < batchBytes; last++ {
			r := requests[last]
			r.Seq = uint32(last + 1)
			r.Flags &^= unix.NLM_F_ACK
			if last == len(requests)-1 || len(message)+256 >= batchBytes {
				r.Flags |= unix.NLM_F_ACK
				message = append(message, r.Serialize()...)
				last++
				break
			}
			message = append(message, r.Serialize()...)
		}
		if err := unix.Sendto(b.fd, message, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return fmt.Errorf("send a batch of %d requests: %w", last-first, err)
		}
		if err := b.answers(uint32(last), failed); err != nil {
			return fmt.Errorf("answer to a batch of %d requests: %w", last-first, err)
		}
		first = last
	}
	return nil
}

// answers reads until the answer to request last.
func (b *batch) answers(last uint32, failed func(i int, err error)) error {
	buf := make([]byte, 64<<10)
	for {
		n, _, err := unix.Recvfrom(b.fd, buf, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		messages, err := syscall.ParseNetlinkMessage(buf[:n])
		if err != nil {
			return err
		}
		for _, m := range messages {
			if m.Header.Type != unix.NLMSG_ERROR || len(m.Data) < 4 {
				continue
			}
			if code := int32(nl.NativeEndian().Uint32(m.Data)); code != 0 {
				failed(int(m.Header.Seq)-1, unix.Errno(-code))
			}
			if m.Header.Seq == last {
				return nil
			}
		}
	}
}

// peerRequest returns the device of a peer's operation and how to ask for it
// with that device's index; nil where op is another operation.
func peerRequest(op Op) (dev string, request func(index int) *nl.NetlinkRequest) {
	switch o := op.(type) {
	case putNeighbour:
		return o.dev, func(index int) *nl.NetlinkRequest {
			return neighbour(unix.RTM_NEWNEIGH, unix.AF_INET, index, 0, o.ip.AsSlice(), o.mac[:])
		}
	case deleteNeighbour:
		return o.dev, func(index int) *nl.NetlinkRequest {
			return neighbour(unix.RTM_DELNEIGH, unix.AF_INET, index, 0, o.ip.AsSlice(), nil)
		}
	case putForward:
		return o.dev, func(index int) *nl.NetlinkRequest {
			return neighbour(unix.RTM_NEWNEIGH, unix.AF_BRIDGE, index, unix.NTF_SELF, o.to.AsSlice(), o.mac[:])
		}
	case deleteForward:
		return o.dev, func(index int) *nl.NetlinkRequest {
			return neighbour(unix.RTM_DELNEIGH, unix.AF_BRIDGE, index, unix.NTF_SELF, o.to.AsSlice(), o.mac[:])
		}
	case putRoute:
		return o.dev, func(index int) *nl.NetlinkRequest { return route(unix.RTM_NEWROUTE, index, o) }
	case deleteRoute:
		return o.dev, func(index int) *nl.NetlinkRequest { return route(unix.RTM_DELROUTE, index, putRoute(o)) }
	}
	return "", nil
}

func flags(kind int) int {
	if kind == unix.RTM_NEWNEIGH || kind == unix.RTM_NEWROUTE {
		return unix.NLM_F_CREATE | unix.NLM_F_REPLACE
	}
	return 0
}

func neighbour(kind, family, index int, ntf uint8, dst, mac []byte) *nl.NetlinkRequest {
	r := nl.NewNetlinkRequest(kind, flags(kind))
	r.AddData(&netlink.Ndmsg{Family: uint8(family), Index: uint32(index), State: unix.NUD_PERMANENT, Flags: ntf})
	r.AddData(nl.NewRtAttr(unix.NDA_DST, dst))
	if mac != nil {
		r.AddData(nl.NewRtAttr(unix.NDA_LLADDR, mac))
	}
	return r
}

func route(kind, index int, o putRoute) *nl.NetlinkRequest {
	r := nl.NewNetlinkRequest(kind, flags(kind))
	m := &nl.RtMsg{RtMsg: unix.RtMsg{
		Family: unix.AF_INET, Dst_len: uint8(o.key.Subnet.Bits()), Table: unix.RT_TABLE_MAIN,
		Protocol: Protocol, Scope: unix.RT_SCOPE_UNIVERSE, Type: unix.RTN_UNICAST, Flags: unix.RTNH_F_ONLINK,
	}}
	r.AddData(m)
	r.AddData(nl.NewRtAttr(unix.RTA_DST, o.key.Subnet.Addr().AsSlice()))
	r.AddData(nl.NewRtAttr(unix.RTA_GATEWAY, o.route.Via.AsSlice()))
	r.AddData(nl.NewRtAttr(unix.RTA_OIF, nl.Uint32Attr(uint32(index))))
	r.AddData(nl.NewRtAttr(unix.RTA_PRIORITY, nl.Uint32Attr(uint32(o.key.Metric))))
	if o.route.MTU != 0 && kind == unix.RTM_NEWROUTE {
		metrics := nl.NewRtAttr(unix.RTA_METRICS, nil)
		metrics.AddRtAttr(unix.RTAX_LOCK, nl.Uint32Attr(1<<unix.RTAX_MTU))
		metrics.AddRtAttr(unix.RTAX_MTU, nl.Uint32Attr(uint32(o.route.MTU)))
		r.AddData(metrics)
	}
	return r
}
