package answer

import (
	"cmp"

	"rundock/dnsd/packed"
	"rundock/dnsd/table"

	"github.com/miekg/dns"
)

// aliases returns the records that make a name an alias: those whose host is
// another name.
//
// A name that is an alias is one for every type (RFC 1034 section 3.6.2). So it is
// none where there is other data, at the apex of a zone, which has SOA and NS, or
// at a reverse name, where the host is what PTR says. SRV has the host as its
// target where a record has a port, and follows the alias where none has.
func (s entrySet) aliases(zone *Zone, wire []byte, qtype uint16) []table.Entry {
	if s.notAlias(zone, wire) != "" {
		return nil
	}
	named := s.having(func(e table.Entry) bool { return e.Host != "" })
	for _, e := range named {
		if qtype == dns.TypeSRV && e.Port != 0 {
			return nil
		}
	}
	return named
}

// notAlias says why a name is no alias, though its records have another name as
// host; "" where nothing is against it.
func (s entrySet) notAlias(zone *Zone, wire []byte) string {
	switch {
	case string(wire) == zone.wire:
		return "an apex is no alias"
	case isReverse(wire):
		return "a reverse name is no alias"
	case s.part:
		return "a name with so many records is no alias"
	}
	why := ""
	for _, e := range s.entries {
		switch {
		case e.Addr.IsValid():
			return "others have addresses"
		case e.Text != "" || e.Type != 0 || e.Mail:
			why = "an alias has no text, mail or data of a type beside it"
		}
	}
	return why
}

// alias answers with a CNAME, of which a name can have only one: that of one of the
// records, in turn. It returns the target, which is to be asked for instead.
func (a *answering) alias(q dns.Question, named []table.Entry) (target string) {
	a.volatile = a.volatile || len(named) > 1
	e := chosen(named, a.turn)
	target = fqdn(e.Host)
	a.Answer = append(a.Answer, &dns.CNAME{Hdr: header(q.Name, dns.TypeCNAME, cmp.Or(e.TTL, a.TTL)), Target: target})
	if q.Qtype == dns.TypeCNAME || q.Qtype == dns.TypeANY {
		return ""
	}
	return target
}

// chosen is the entry whose turn it is.
func chosen(entries []table.Entry, turn uint32) table.Entry {
	var priority, weight []uint16
	for _, e := range entries {
		priority, weight = append(priority, e.Priority), append(weight, e.Weight)
	}
	return packed.Turn(entries, packed.Groups(0, priority, weight), turn)[0]
}
