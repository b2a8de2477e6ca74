package answer

import (
	"rundock/dnsd/packed"
	"rundock/dnsd/table"

	"github.com/miekg/dns"
)

// noZone is the index of a zone that is none, in a packed answer.
const noZone = 255

// Pack makes the ready answer to all questions for a type at a lower-case wire name,
// and keeps it in the table. A nil answer says that nothing of the type is there,
// see Negative. ok is false where the answer is not to be kept, as others are to be
// asked or it is not made of the table alone: then Reply gives it. turn decides
// which records are in it where there are more than an answer can have.
func (s *Server) Pack(name []byte, qtype uint16, turn uint32) (a *packed.Answer, ok bool) {
	q := dns.Question{Name: presentation(string(name)), Qtype: qtype, Qclass: dns.ClassINET}
	r := s.reply(q, turn, s.mostUDP())
	if !r.Authoritative || r.volatile || r.Elsewhere || r.Above || r.Continue != "" || len(r.seen) == 0 || r.Zone >= noZone {
		return nil, false
	}
	if r.Rcode != dns.RcodeSuccess && len(r.Answer) == 0 {
		return nil, false // the name has gone meanwhile
	}
	if r.bare && r.Zone >= 0 {
		table.Keep(r.seen, qtype, nil)
		return nil, true
	}
	a, err := packed.New(string(name), packed.Sections{Answer: r.Answer, Authority: r.Authority, Additional: r.Additional, Turns: r.turns, Part: r.partial})
	if err != nil {
		return nil, false
	}
	a.Rcode, a.Zone = uint8(r.Rcode), noZone
	if r.Zone >= 0 {
		a.Zone = uint8(r.Zone)
	}
	table.Keep(r.seen, qtype, a)
	return a, true
}

// Negative is the answer for a name in one of the zones that has nothing of the
// type; nil where the name is in none.
func (s *Server) Negative(name []byte) *packed.Negative {
	zone := s.zone(name)
	if zone == nil {
		return nil
	}
	s.negatives.made.Do(s.makeNegatives)
	return s.negatives.of[s.index(zone)]
}

// Absent is Negative for a name that the table does not have; nil where the
// name may have an answer all the same.
func (s *Server) Absent(name []byte) *packed.Negative {
	if zone := s.zone(name); zone == nil || zone.existsWithoutRecord(name) || s.hasZoneBelow(name) || s.mayHaveAnswer(name) {
		return nil
	}
	return s.Negative(name)
}

func (s *Server) makeNegatives() {
	for i := range s.Zones {
		z := &s.Zones[i]
		// The names of a zone's SOA are in the zone, so this cannot fail.
		neg, err := packed.NewNegative(z.wire, s.soa(z, z.Name, s.NegativeTTL).(*dns.SOA))
		if err != nil {
			panic(err)
		}
		neg.Zone = uint8(min(i, noZone))
		s.negatives.of = append(s.negatives.of, neg)
	}
}
