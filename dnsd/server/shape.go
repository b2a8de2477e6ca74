package server

import (
	"encoding/binary"

	"rundock/dnsd/packed"

	"github.com/miekg/dns"
)

// wellFormed says whether a packet has at most one question, and as many records
// as its header says, of which OPT is as RFC 6891 section 6.1.1 wants it.
func wellFormed(packet []byte) bool {
	return binary.BigEndian.Uint16(packet[4:]) <= 1 && packed.Whole(packet, func(p packed.Part) bool {
		return p.Type != dns.TypeOPT || p.Additional && p.Root && packed.Options(p.Data).WellFormed()
	})
}

// hasOPT says whether a packet, which may be ill formed but for its records' lengths, has an
// OPT record where one may be.
func hasOPT(packet []byte) (has bool) {
	whole := packed.Whole(packet, func(p packed.Part) bool {
		has = has || p.Type == dns.TypeOPT && p.Additional && p.Root
		return true
	})
	return has && whole
}
