package answer

import (
	"slices"

	"github.com/miekg/dns"
)

// delegation answers DS at the apex of a zone, which is data of the zone above (RFC
// 4035 section 3.1.4.1). Zones of ours are not signed and have no DS, also for a
// stub zone below. Where the zone above is another's, that is asked; without
// anybody to ask the answer is what the zone itself knows, which is none. ok is
// false where the question is none of those.
func (s *Server) delegation(wire []byte) (r Result, ok bool) {
	apex := func(z Zone) bool { return z.wire == string(wire) }
	ours := slices.ContainsFunc(s.Zones, apex)
	if !ours && !slices.ContainsFunc(s.Stubs, apex) {
		return Result{}, false
	}
	_, above := cut(wire)
	zone := s.zone(above)
	r.Above = zone == nil && s.canAskOthers(above)
	if zone == nil && ours {
		zone = s.zone(wire)
	}
	if zone == nil {
		return Result{}, false // a stub zone's, and others above
	}
	r.Zone = s.index(zone)
	if s.Table.State() == nil {
		r.Rcode = dns.RcodeServerFailure
		return r, true
	}
	r.Authoritative, r.Authority = true, []dns.RR{s.soa(zone, zone.Name, s.NegativeTTL)}
	return r, true
}
