package packed

import "encoding/binary"

// A Question is what a query asks, if it asks plainly.
type Question struct {
	Type uint16
	EDNS bool
	DO   bool
	Size int // bytes that the reply may have over UDP, as the client says; 512 without EDNS

	packet  []byte    // the query
	end     int       // of its question
	name    [256]byte // lower case, wire format
	nameLen int
}

// Name is the lower-case wire name asked for, until the next Parse.
func (q *Question) Name() []byte { return q.name[:q.nameLen] }

const (
	minSize    = 512
	typeOPT    = 41
	classIN    = 1
	optLen     = 11     // of an OPT record without options
	flagsPlain = 0x0130 // RD, AD and CD, which a query may have set
)

// Parse reads a query that is what nearly all are: one question of class IN
// for a type that is data, and perhaps an OPT record that wants nothing back. It says no
// to everything else, broken packets included, for others to judge. The packet is
// referred to until the next Parse.
func (q *Question) Parse(packet []byte) bool {
	if len(packet) < headerLen+5 || len(packet) > 4096 {
		return false
	}
	if binary.BigEndian.Uint16(packet[2:])&^flagsPlain != 0 {
		return false // a reply, another opcode, or a flag that makes no sense
	}
	// One question, no answer, no authority, at most one additional record.
	if binary.BigEndian.Uint64(packet[4:])&^1 != 1<<48 {
		return false
	}
	at := headerLen
	for {
		n := int(packet[at])
		if at += 1 + n; n == 0 {
			break
		}
		if n > 63 || at > headerLen+254 || at >= len(packet) {
			return false
		}
	}
	q.nameLen = at - headerLen
	q.end = at + 4
	if q.end > len(packet) {
		return false
	}
	copy(q.name[:], packet[headerLen:at])
	lower(q.name[:q.nameLen])
	q.Type = binary.BigEndian.Uint16(packet[q.end-4:])
	if binary.BigEndian.Uint16(packet[q.end-2:]) != classIN || !isData(q.Type) {
		return false
	}
	q.packet = packet
	q.EDNS, q.DO, q.Size = false, false, minSize
	if packet[11] == 0 {
		return q.end == len(packet)
	}
	return q.parseOPT(packet[q.end:])
}

// parseOPT reads the rest of a packet, which must be an OPT record of version
// 0. Its options are ignored, but for those that are owed a reply.
func (q *Question) parseOPT(rest []byte) bool {
	if len(rest) < optLen || rest[0] != 0 || binary.BigEndian.Uint16(rest[1:]) != typeOPT {
		return false
	}
	if rest[5] != 0 || rest[6] != 0 || int(binary.BigEndian.Uint16(rest[9:])) != len(rest)-optLen {
		return false
	}
	q.EDNS = true
	q.Size = max(minSize, int(binary.BigEndian.Uint16(rest[3:])))
	q.DO = rest[7]&0x80 != 0
	if len(rest) == optLen { // as most have it
		return true
	}
	options := Options(rest[optLen:])
	return options.WellFormed() && !options.owed()
}

// isData says whether a type is one that records have: not 0, OPT, or a
// question type such as ANY and AXFR (RFC 6895 section 3.1).
func isData(qtype uint16) bool {
	return qtype != 0 && qtype != typeOPT && (qtype < 128 || qtype > 255)
}

// lower turns the letters of a wire name into lower case. Bytes of length are
// below 64, so none is taken for a letter.
func lower(name []byte) {
	for i, c := range name {
		if c-'A' < 26 {
			name[i] = c + ('a' - 'A')
		}
	}
}
