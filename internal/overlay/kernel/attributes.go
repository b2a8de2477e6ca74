package kernel

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

// attributes are by kind, of those that are read here. They are read in place:
// to copy them costs as much as all else of an entry.
type attributes [19][]byte

func (all *attributes) read(b []byte) {
	clear(all[:])
	for len(b) >= 4 {
		n, kind := int(binary.NativeEndian.Uint16(b)), binary.NativeEndian.Uint16(b[2:])&^uint16(unix.NLA_F_NESTED|unix.NLA_F_NET_BYTEORDER)
		if n < 4 || n > len(b) {
			break
		}
		if int(kind) < len(all) {
			all[kind] = b[4:n]
		}
		b = b[min((n+3)&^3, len(b)):]
	}
}

func (a *attributes) number(kind int) int {
	if len(a[kind]) != 4 {
		return 0
	}
	return int(binary.NativeEndian.Uint32(a[kind]))
}

// address is the zero Addr where there is none.
func (a *attributes) address(kind int) netip.Addr {
	found, _ := netip.AddrFromSlice(a[kind])
	return found.Unmap()
}

// attributeIn returns the value of the attribute that these kinds lead to, each
// within the one before; nil if there is none.
func attributeIn(b []byte, kinds ...uint16) []byte {
	for _, want := range kinds {
		var found []byte
		for len(b) >= 4 && found == nil {
			n, kind := int(binary.NativeEndian.Uint16(b)), binary.NativeEndian.Uint16(b[2:])&^uint16(unix.NLA_F_NESTED|unix.NLA_F_NET_BYTEORDER)
			if n < 4 || n > len(b) {
				return nil
			}
			if kind == want {
				found = b[4:n]
			}
			b = b[min((n+3)&^3, len(b)):]
		}
		b = found
	}
	return b
}

// isSet reports whether a number of any length is not 0.
func isSet(value []byte) bool { return slices.ContainsFunc(value, func(b byte) bool { return b != 0 }) }
