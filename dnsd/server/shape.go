package server

import (
	"encoding/binary"

	"rundock/dnsd/packed"

	"github.com/miekg/dns"
)

// wellFormed says whether a packet has one question, and then as many records
// as its header says, of which OPT is as RFC 6891 section 6.1.1 wants it. The library
// takes less for whole; BIND and Knot do not.
func wellFormed(packet []byte) bool {
	if binary.BigEndian.Uint16(packet[4:]) != 1 {
		return false
	}
	at, ok := skipName(packet, headerLen)
	if at += 4; !ok || at > len(packet) {
		return false
	}
	counted := func(section int) int { return int(binary.BigEndian.Uint16(packet[section:])) }
	others := counted(6) + counted(8) // before the additional ones
	for i := range others + counted(10) {
		owner := at
		if at, ok = skipName(packet, at); !ok || at+10 > len(packet) {
			return false
		}
		isOPT, data := binary.BigEndian.Uint16(packet[at:]) == dns.TypeOPT, at+10
		at = data + int(binary.BigEndian.Uint16(packet[at+8:]))
		if at > len(packet) {
			return false
		}
		if isOPT && (i < others || packet[owner] != 0 || !packed.Options(packet[data:at]).WellFormed()) {
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
