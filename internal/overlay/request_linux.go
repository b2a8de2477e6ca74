package overlay

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// The requests of peers are written here and not by the library, to which each
// of their attributes is an object: that costs as much as the kernel's work.

const headerBytes = 16 // struct nlmsghdr: length, type, flags, number, port

// begin appends a message's header and its fixed part to b.
func begin(b []byte, kind, flags uint16, fixed ...byte) []byte {
	b = append(b, 0, 0, 0, 0)
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = binary.NativeEndian.AppendUint16(b, flags|unix.NLM_F_REQUEST)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0)
	return append(b, fixed...)
}

// finish writes the length of the message that begins at first.
func finish(b []byte, first int) []byte {
	binary.NativeEndian.PutUint32(b[first:], uint32(len(b)-first))
	return b
}

// number numbers a message, and asks for an answer even if all goes well.
func number(message []byte, number uint32, answer bool) {
	binary.NativeEndian.PutUint32(message[8:], number)
	if answer {
		binary.NativeEndian.PutUint16(message[6:], binary.NativeEndian.Uint16(message[6:])|unix.NLM_F_ACK)
	}
}

// attribute appends a value of any length, padded.
func attribute(b []byte, kind uint16, value []byte) []byte {
	b = binary.NativeEndian.AppendUint16(b, uint16(4+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func attribute32(b []byte, kind uint16, value uint32) []byte {
	b = binary.NativeEndian.AppendUint16(b, 8)
	b = binary.NativeEndian.AppendUint16(b, kind)
	return binary.NativeEndian.AppendUint32(b, value)
}

func attributeAddress(b []byte, kind uint16, a netip.Addr) []byte {
	if a.Is4() {
		four := a.As4()
		return attribute(b, kind, four[:])
	}
	sixteen := a.As16()
	return attribute(b, kind, sixteen[:])
}

// peerDevice is the device of a peer's operation; "" where op is another one.
func peerDevice(op Op) string {
	switch o := op.(type) {
	case putNeighbour:
		return o.dev
	case deleteNeighbour:
		return o.dev
	case putForward:
		return o.dev
	case deleteForward:
		return o.dev
	case putRoute:
		return o.dev
	case deleteRoute:
		return o.dev
	}
	return ""
}

const create = unix.NLM_F_CREATE | unix.NLM_F_REPLACE

// appendRequest appends what asks for a peer's operation on the device with
// that index.
func appendRequest(b []byte, op Op, index int) []byte {
	first := len(b)
	switch o := op.(type) {
	case putNeighbour:
		b = neighbour(b, unix.RTM_NEWNEIGH, create, unix.AF_INET, index, 0)
		b = attributeAddress(b, unix.NDA_DST, o.ip)
		b = attribute(b, unix.NDA_LLADDR, o.mac[:])
	case deleteNeighbour:
		b = neighbour(b, unix.RTM_DELNEIGH, 0, unix.AF_INET, index, 0)
		b = attributeAddress(b, unix.NDA_DST, o.ip)
	case putForward:
		b = neighbour(b, unix.RTM_NEWNEIGH, create, unix.AF_BRIDGE, index, unix.NTF_SELF)
		b = attributeAddress(b, unix.NDA_DST, o.to)
		b = attribute(b, unix.NDA_LLADDR, o.mac[:])
	case deleteForward:
		b = neighbour(b, unix.RTM_DELNEIGH, 0, unix.AF_BRIDGE, index, unix.NTF_SELF)
		b = attributeAddress(b, unix.NDA_DST, o.to)
		b = attribute(b, unix.NDA_LLADDR, o.mac[:])
	case putRoute:
		b = route(b, unix.RTM_NEWROUTE, create, index, o)
	case deleteRoute:
		o.route.MTU = 0
		b = route(b, unix.RTM_DELROUTE, 0, index, putRoute(o))
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
func route(b []byte, kind, flags uint16, index int, o putRoute) []byte {
	b = begin(b, kind, flags, unix.AF_INET, byte(o.key.Subnet.Bits()), 0, 0,
		unix.RT_TABLE_MAIN, Protocol, unix.RT_SCOPE_UNIVERSE, unix.RTN_UNICAST)
	b = binary.NativeEndian.AppendUint32(b, unix.RTNH_F_ONLINK)
	b = attributeAddress(b, unix.RTA_DST, o.key.Subnet.Addr())
	b = attributeAddress(b, unix.RTA_GATEWAY, o.route.Via)
	b = attribute32(b, unix.RTA_OIF, uint32(index))
	b = attribute32(b, unix.RTA_PRIORITY, uint32(o.key.Metric))
	if o.route.MTU != 0 {
		metrics := attribute32(nil, unix.RTAX_LOCK, 1<<unix.RTAX_MTU)
		b = attribute(b, unix.RTA_METRICS, attribute32(metrics, unix.RTAX_MTU, uint32(o.route.MTU)))
	}
	return b
}
