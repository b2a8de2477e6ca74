// Package packed holds answers in the form they are sent in, and puts them
// behind a client's question without a lock, an allocation or a library.
//
// It is fast because little is left to do for a query:
//
//   - The question is copied from the query as it came, so that its letters
//     keep their case (0x20) and every record can point to it.
//   - The records were packed before. A name in them is written out or points
//     into the question (whose length is fixed, as an answer belongs to one
//     name) or to records that never move, so records can change places and be
//     left out without touching their bytes.
//   - Turning the records of an answer is copying two halves in turn.
//   - A negative answer is one template for a zone, with the position of the
//     zone's name in the question filled in.
//
// Package table keeps an Answer with the node it is of, package server sends
// it. What the records are is decided by package answer.
//
// Source: RFC 1035 section 4, RFC 6891 (OPT), RFC 2308 (the SOA of negatives).
package packed

import (
	"encoding/binary"
	"strings"

	"github.com/miekg/dns"
)

// LeastRecord is how many bytes a record has at least: a name of one, type, class, TTL
// and length.
const LeastRecord = 11

// An Answer is the reply to all questions for one type at one name, less the
// question. It does not change once made.
type Answer struct {
	Rcode uint8
	Zone  uint8 // for the metrics: the index of the zone

	// Where in block each record begins and the last one ends, two bytes
	// each, and then the records of all sections: they are side by side, as a
	// query that finds them in memory mostly waits for memory.
	block      []byte
	answers    uint16 // records in each section
	authority  uint16
	additional uint16
	cut        bool    // there are more answers, so that every reply is truncated
	part       bool    // there is more to say than is in it
	serial     uint16  // where in block the serial of the authority's SOA is; 0: there is none
	turns      []Group // of the answers
}

// Sections are the records of an answer, in the order of turn 0.
type Sections struct {
	Answer, Authority, Additional []dns.RR
	Turns                         []Group // of Answer; and of Additional, if it is as long
	Part                          bool    // there are more than these
}

// maxRecords bounds an answer, in bytes. Of a larger one only the preferred
// records are kept: no UDP reply has room for the rest, TCP's are not packed here.
const maxRecords = 16 << 10

// headerLen is the length of a message's header, behind which the question is.
const headerLen = 12

// New packs the answer to questions for name (wire format). The error is of a
// record that has no wire format.
func New(name string, s Sections) (*Answer, error) {
	a := &Answer{
		answers: uint16(len(s.Answer)), authority: uint16(len(s.Authority)), additional: uint16(len(s.Additional)),
		turns: s.Turns, part: s.Part,
	}
	known := names{{name, headerLen}}
	moving := len(s.Answer)
	if len(s.Turns) > 0 {
		moving = s.Turns[0].From
	}
	behind := headerLen + len(name) + 4
	var records []byte
	at := make([]int, 0, 1+len(s.Answer)+len(s.Authority)+len(s.Additional)) // in records
	serial := -1
	for section, rrs := range [][]dns.RR{s.Answer, s.Authority, s.Additional} {
		if a.cut {
			break
		}
		for i, rr := range rrs {
			longer, err := appendRecord(records, rr, known)
			if err != nil {
				return nil, err
			}
			if len(longer) > maxRecords {
				a.shorten(section, i)
				break
			}
			at = append(at, len(records))
			records = longer
			if alias, ok := rr.(*dns.CNAME); ok && section == 0 && i < moving {
				target, err := wire(alias.Target)
				if err != nil {
					return nil, err
				}
				// The target ends the record.
				known = append(known, placed{target, behind + len(records) - len(target)})
			}
			if rr.Header().Rrtype == dns.TypeSOA && section == 1 {
				serial = len(records) - 20
			}
		}
	}
	at = append(at, len(records))
	first := 2 * len(at)
	a.block = make([]byte, 0, first+len(records))
	for _, n := range at {
		a.block = binary.NativeEndian.AppendUint16(a.block, uint16(first+n))
	}
	a.block = append(a.block, records...)
	if serial >= 0 {
		a.serial = uint16(first + serial)
	}
	return a, nil
}

// Worn says that another answer is to be made, so that it is not always the
// same part of what there is to say that is sent: in one of 1024 turns.
func (a *Answer) Worn(turn uint32) bool { return a != nil && a.part && turn&0x3ff == 0 }

// at is where record i begins in block, and the one before it ends.
func (a *Answer) at(i int) int { return int(binary.NativeEndian.Uint16(a.block[2*i:])) }

// size is how many bytes all records are.
func (a *Answer) size() int { return len(a.block) - a.at(0) }

// shorten makes the answer end before record i of a section.
func (a *Answer) shorten(section, i int) {
	switch section {
	case 0:
		a.cut, a.part, a.answers, a.authority, a.additional = true, true, uint16(i), 0, 0
		a.turns = clip(a.turns, i)
	case 1:
		a.authority, a.additional = uint16(i), 0
	default:
		a.additional = uint16(i)
	}
}

// appendRecord packs a record: its owner shortened by what is known to stand
// in every message, its data as it is.
func appendRecord(b []byte, rr dns.RR, known names) ([]byte, error) {
	owner, err := wire(rr.Header().Name)
	if err != nil {
		return nil, err
	}
	whole := make([]byte, dns.Len(rr)+1)
	end, err := dns.PackRR(rr, whole, 0, nil, false)
	if err != nil {
		return nil, err
	}
	return append(known.append(b, owner), whole[len(owner):end]...), nil
}

// wire is the wire format of a name, letters lowered: pointing into the
// question gives back the client's case.
func wire(name string) (string, error) {
	var buf [255]byte
	end, err := dns.PackDomainName(name, buf[:], 0, nil, false)
	if err != nil {
		return "", err
	}
	lower(buf[:end])
	return string(buf[:end]), nil
}

// names are those whose place in the message is fixed.
type names []placed

type placed struct {
	name string
	at   int
}

// append writes name, pointing to the longest part of it that is known.
func (k names) append(b []byte, name string) []byte {
	for rest := name; rest != "\x00"; rest = rest[1+rest[0]:] {
		for _, each := range k {
			if strings.HasSuffix(each.name, rest) && boundary(each.name, len(each.name)-len(rest)) {
				at := each.at + len(each.name) - len(rest)
				return append(append(b, name[:len(name)-len(rest)]...), 0xc0|byte(at>>8), byte(at))
			}
		}
	}
	return append(b, name...)
}

// boundary says whether a label of the wire name begins at at.
func boundary(name string, at int) bool {
	i := 0
	for i < at {
		i += 1 + int(name[i])
	}
	return i == at
}
