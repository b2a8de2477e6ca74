package packed

import "encoding/binary"

// A Part is a record of a packet, as far as its shape goes.
type Part struct {
	Additional bool // it is in the additional section
	Root       bool // its owner is the root, in full
	Type       uint16
	Data       []byte
}

// Whole visits the records of a packet, and says whether it has as many questions and records
// as its header says, and visit took them all. The DNS library takes less for whole; BIND and
// Knot do not.
func Whole(packet []byte, visit func(Part) bool) bool {
	if len(packet) < headerLen {
		return false
	}
	counted := func(section int) int { return int(binary.BigEndian.Uint16(packet[section:])) }
	at, ok := headerLen, true
	for range counted(4) {
		if at, ok = skipName(packet, at); !ok || at+4 > len(packet) {
			return false
		}
		at += 4
	}
	others := counted(6) + counted(8) // before the additional ones
	for i := range others + counted(10) {
		owner := at
		if at, ok = skipName(packet, at); !ok || at+10 > len(packet) {
			return false
		}
		rrtype, data := binary.BigEndian.Uint16(packet[at:]), at+10
		at = data + int(binary.BigEndian.Uint16(packet[at+8:]))
		if at > len(packet) || !visit(Part{i >= others, packet[owner] == 0, rrtype, packet[data:at]}) {
			return false
		}
	}
	return true
}

// skipName returns where the name at at ends.
func skipName(packet []byte, at int) (int, bool) {
	for at < len(packet) {
		switch n := int(packet[at]); {
		case n == 0:
			return at + 1, true
		case n >= 0xc0:
			return at + 2, at+2 <= len(packet)
		case n > 63:
			return 0, false
		default:
			at += 1 + n
		}
	}
	return 0, false
}
