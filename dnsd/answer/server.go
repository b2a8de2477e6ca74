package answer

import (
	"net/netip"
	"slices"
	"sync"

	"rundock/dnsd/packed"
	"rundock/dnsd/table"

	"github.com/miekg/dns"
)

// Server holds what answers depend on. Table alone changes; the rest is set
// before the first question.
type Server struct {
	Table       *table.Table
	Zones       []Zone
	TTL         uint32 // seconds, of records that name none
	NegativeTTL uint32 // seconds a resolver may remember that something is not there
	Forwards    bool   // names outside of the zones can be asked elsewhere
	Stubs       []Zone // names in these can be; below a zone of ours they are not ours

	// ScaledWeights: SRV weights are scaled up to 65535, instead of percent.
	ScaledWeights bool

	// MaxUDP is how many bytes a reply over UDP has at most; 0: not known. Of very many
	// records an answer over UDP is made of no more than could fit.
	MaxUDP int

	// NameServers gives this server's addresses, answered as ns.dns.<zone>
	// where no record says otherwise.
	NameServers func() []netip.Addr

	negatives struct {
		made sync.Once
		of   []*packed.Negative // by zone
	}
}

// A Result is the answer to a question, before the packet's limits apply.
type Result struct {
	// Elsewhere: the name is none of ours and is to be asked upstream.
	Elsewhere bool
	// Continue is a CNAME's target outside of the zones: the upstream's
	// answer to it belongs behind Answer. Empty without Forwards.
	Continue string
	// Encloses: there are names of ours below, so that the name exists whatever
	// upstreams say.
	Encloses bool
	// Above: the zone above the name's knows, and is to be asked upstream for those
	// who may be sent there. Else this is the answer.
	Above bool

	Zone                          int // index in Zones; -1: none of ours
	Authoritative                 bool
	Rcode                         int
	Answer, Authority, Additional []dns.RR // Additional is the first to go

	turns    []packed.Group // of Answer; of Additional as well where each answer has one
	seen     []table.Seen   // what the answer was made from, the name asked for first
	volatile bool           // it was made from more than that: it cannot be kept
	partial  bool           // there is more to say, which other turns may
	bare     bool           // it says no more than that there is nothing of the type
}

// zone is the longest zone the wire name is in, or nil if it is in none or in
// a longer stub zone.
func (s *Server) zone(wire []byte) *Zone {
	best := longest(s.Zones, wire)
	if len(s.Stubs) > 0 && best != nil {
		if stub := longest(s.Stubs, wire); stub != nil && len(stub.wire) > len(best.wire) {
			return nil
		}
	}
	return best
}

// canAskOthers reports whether others can be asked for a wire name that is not ours.
func (s *Server) canAskOthers(wire []byte) bool {
	return s.Forwards || longest(s.Stubs, wire) != nil
}

// hasZoneBelow reports whether a zone of ours or a stub zone is below a wire name.
func (s *Server) hasZoneBelow(wire []byte) bool {
	return anyBelow(s.Zones, wire) || anyBelow(s.Stubs, wire)
}

func (s *Server) index(z *Zone) int {
	return slices.IndexFunc(s.Zones, func(each Zone) bool { return each.wire == z.wire })
}

// soa makes the zone's SOA. Its minimum is what bounds negative caching, and
// its own TTL does so as well (RFC 2308).
func (s *Server) soa(z *Zone, owner string, ttl uint32) dns.RR {
	var serial uint32
	if state := s.Table.State(); state != nil {
		serial = uint32(state.Revision)
	}
	return soa(owner, "ns.dns."+z.Name, "hostmaster."+z.Name, serial, s.NegativeTTL, ttl)
}

// apexNode is apex.dns.<zone> if there are records under it: as in SkyDNS and
// CoreDNS the zone's own name is answered with those then, and with a record at
// the zone's own key, but not with the services below.
func (s *Server) apexNode(z *Zone) *table.Node {
	if z.apex == "" {
		return nil
	}
	if node := s.Table.Lookup([]byte(z.apex)); node != nil && node.Kinds() != 0 {
		return node
	}
	return nil
}
