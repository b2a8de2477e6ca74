package kernel

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

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
