package answer

import (
	"strings"

	"github.com/miekg/dns"
)

// ReplyIn answers a question of class IN for a name that is in none of the zones, such as
// web, as the name that it is in the first of domains that has one: web.shop.s.prod.example.com.
// Owner names are the question's. Not ok: no domain has it, or the question is one about a
// zone, and it is answered as ever.
//
// What a program asks for by one label, and what is not there, is NODATA: others would be
// asked for names of this site, and who remembers that a top-level domain does not exist
// would deny all below (RFC 8020).
func (s *Server) ReplyIn(domains []string, q dns.Question, turn uint32, udp bool) (r Result, ok bool) {
	wire, isName := wireName(q.Name)
	if !isName || wire[0] == 0 || s.zone(wire) != nil || aboutZone(q.Qtype) {
		return Result{}, false
	}
	most := maxRecords
	if udp {
		most = s.mostUDP()
	}
	for _, domain := range domains {
		full := q
		full.Name += domain
		if !s.mayHold(full.Name, wire) {
			continue
		}
		if r := s.replyInTurn(full, turn, most); r.Rcode != dns.RcodeNameError || len(r.Answer) > 0 {
			r.rename(full.Name, q.Name)
			return r, true
		}
	}
	if _, rest := cut(wire); rest[0] != 0 || q.Qtype != dns.TypeA && q.Qtype != dns.TypeAAAA {
		return Result{}, false
	}
	return s.nothingIn(domains)
}

// aboutZone reports whether a type is of a zone as such: that is not ours, whatever its
// name is in a domain.
func aboutZone(qtype uint16) bool {
	switch qtype {
	case dns.TypeDS, dns.TypeDNSKEY, dns.TypeNS, dns.TypeSOA:
		return true
	}
	return false
}

// mayHold reports whether there is something at full, which is a name in a domain. asked
// is what is before the domain, of which _http._tcp need not be stored. A * above is
// for the domain's own names, and not for all that there are in the world.
func (s *Server) mayHold(full string, asked []byte) bool {
	wire, ok := wireName(full)
	if !ok || s.zone(wire) == nil {
		return false
	}
	for len(asked) > 1 && asked[1] == '_' {
		_, asked = cut(asked)
		_, wire = cut(wire)
	}
	return s.Table.Lookup(wire) != nil
}

// rename gives the answers at one name another owner.
func (r *Result) rename(from, to string) {
	for _, rr := range r.Answer {
		if h := rr.Header(); strings.EqualFold(h.Name, from) {
			h.Name = to
		}
	}
}

// nothingIn is NODATA, by the zone of the first of domains.
func (s *Server) nothingIn(domains []string) (Result, bool) {
	wire, ok := wireName(domains[0])
	if !ok {
		return Result{}, false
	}
	zone := s.zone(wire)
	if zone == nil {
		return Result{}, false
	}
	r := Result{Zone: s.index(zone), Authoritative: true}
	if s.Table.State() == nil {
		r.Rcode = dns.RcodeServerFailure
		return r, true
	}
	r.Authority = []dns.RR{s.soa(zone, zone.Name, s.NegativeTTL)}
	return r, true
}
