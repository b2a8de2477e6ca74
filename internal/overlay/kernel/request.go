package kernel

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"rundock/internal/overlay"
)

// The requests of peers are written here and not by the library, to which each
// of their attributes is an object: that costs as much as the kernel's work.

// do sends peers' operations in order, each to the device with the index that
// is given for its device's name, and tells of each that failed. The error is
// one of the exchange itself, after which nothing is known of the rest.
func (b *batch) do(ops []overlay.Op, index map[string]int, failed func(i int, err error)) error {
	for first := 0; first < len(ops); {
		b.message = b.message[:0]
		last := first
		for more := true; more; last++ {
			at := len(b.message)
			b.message = appendRequest(b.message, ops[last], index[overlay.PeerDevice(ops[last])])
			more = last+1 < len(ops) && len(b.message)+256 < batchBytes
			number(b.message[at:], uint32(last+1), !more)
		}
		if err := b.send(); err != nil {
			return fmt.Errorf("send a batch of %d requests: %w", last-first, err)
		}
		err := b.answers(func(m message) (done bool, err error) {
			if m.kind != unix.NLMSG_ERROR {
				return false, nil
			}
			if err := m.errno(); err != nil {
				failed(int(m.number)-1, err)
			}
			return m.number == uint32(last), nil
		})
		if err != nil {
			return fmt.Errorf("answer to a batch of %d requests: %w", last-first, err)
		}
		first = last
	}
	return nil
}

const create = unix.NLM_F_CREATE | unix.NLM_F_REPLACE

// appendRequest appends what asks for a peer's operation on the device with
// that index.
func appendRequest(b []byte, op overlay.Op, index int) []byte {
	first := len(b)
	switch o := op.(type) {
	case overlay.PutNeighbour:
		b = neighbour(b, unix.RTM_NEWNEIGH, create, unix.AF_INET, index, 0)
		b = attributeAddress(b, unix.NDA_DST, o.IP)
		b = attribute(b, unix.NDA_LLADDR, o.MAC[:])
	case overlay.DeleteNeighbour:
		b = neighbour(b, unix.RTM_DELNEIGH, 0, unix.AF_INET, index, 0)
		b = attributeAddress(b, unix.NDA_DST, o.IP)
	case overlay.PutForward:
		b = neighbour(b, unix.RTM_NEWNEIGH, create, unix.AF_BRIDGE, index, unix.NTF_SELF)
		b = attributeAddress(b, unix.NDA_DST, o.To)
		b = attribute(b, unix.NDA_LLADDR, o.MAC[:])
	case overlay.DeleteForward:
		b = neighbour(b, unix.RTM_DELNEIGH, 0, unix.AF_BRIDGE, index, unix.NTF_SELF)
		b = attributeAddress(b, unix.NDA_DST, o.To)
		b = attribute(b, unix.NDA_LLADDR, o.MAC[:])
	case overlay.PutRoute:
		b = route(b, unix.RTM_NEWROUTE, create, index, o)
	case overlay.DeleteRoute:
		o.Route.MTU = 0
		b = route(b, unix.RTM_DELROUTE, 0, index, overlay.PutRoute(o))
	}
	return finish(b, first)
}

// neighbour appends struct ndmsg.
func neighbour(b []byte, kind, flags uint16, family byte, index int, ntf byte) []byte {
	b = begin(b, kind, flags, family, 0, 0, 0)
	b = binary.NativeEndian.AppendUint32(b, uint32(index))
	b = binary.NativeEndian.AppendUint16(b, unix.NUD_PERMANENT)
	return append(b, ntf, 0)
}

// route appends struct rtmsg and all that follows it.
func route(b []byte, kind, flags uint16, index int, o overlay.PutRoute) []byte {
	b = begin(b, kind, flags, unix.AF_INET, byte(o.Key.Subnet.Bits()), 0, 0,
		unix.RT_TABLE_MAIN, overlay.Protocol, unix.RT_SCOPE_UNIVERSE, unix.RTN_UNICAST)
	b = binary.NativeEndian.AppendUint32(b, unix.RTNH_F_ONLINK)
	b = attributeAddress(b, unix.RTA_DST, o.Key.Subnet.Addr())
	b = attributeAddress(b, unix.RTA_GATEWAY, o.Route.Via)
	b = attribute32(b, unix.RTA_OIF, uint32(index))
	b = attribute32(b, unix.RTA_PRIORITY, uint32(o.Key.Metric))
	if o.Route.MTU != 0 {
		metrics := attribute32(nil, unix.RTAX_LOCK, 1<<unix.RTAX_MTU)
		b = attribute(b, unix.RTA_METRICS, attribute32(metrics, unix.RTAX_MTU, uint32(o.Route.MTU)))
	}
	return b
}
