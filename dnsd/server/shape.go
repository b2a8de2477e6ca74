package server

import "encoding/binary"

// wellFormed says whether a packet has one question and then as many records
// as its header says. The library takes less for whole; BIND and Knot do not.
func wellFormed(packet []byte) bool {
	if binary.BigEndian.Uint16(packet[4:]) != 1 {
		return false
	}
	at, ok := skipName(packet, headerLen)
	if at += 4; !ok || at > len(packet) {
		return false
	}
	records := 0
	for i := 6; i < headerLen; i += 2 {
		records += int(binary.BigEndian.Uint16(packet[i:]))
	}
	for range records {
		if at, ok = skipName(packet, at); !ok || at+10 > len(packet) {
			return false
		}
		at += 10 + int(binary.BigEndian.Uint16(packet[at+8:]))
		if at > len(packet) {
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
