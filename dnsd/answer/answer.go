// Package answer decides what the table's records say to a question. It reads
// memory only: no I/O, no lock, no log line.
//
// A name is answered with its own record and those below it, as SkyDNS does:
// influxdb.s.prod.example.com has all the instances of the service. Where the
// records name groups, the group of those nearest to the name is answered,
// with the records that name none.
//
//	host address   A or AAAA; SRV and MX with the record's own name as target
//	               (less targetstrip labels) and the address as additional
//	host name      CNAME for every type where there is nothing else; SRV (with a
//	               port) and MX with the name as target
//	text           TXT
//	mail           MX as well
//
// Source: the SkyDNS 2 server and CoreDNS's etcd plugin, RFC 1034, 2181, 2308,
// 2782, 6604 (rcode after a CNAME), 8020 and 8482 (ANY).
package answer

import (
	"net/netip"
	"slices"
	"strings"
	"sync"

	"rundock/dnsd/packed"
	"rundock/dnsd/table"

	"github.com/miekg/dns"
)

// maxRecords bounds the records of an answer; about what fits into the largest
// message.
const maxRecords = 1000

// maxLooked bounds the names that are looked at for what is below one.
const maxLooked = 8 * maxRecords

// maxPointers bounds the names a reverse lookup lists.
const maxPointers = 16

// maxReached bounds the names that are looked up for the additional section.
const maxReached = 64

// MaxText leaves a message room for the rest; longer texts are left out.
const MaxText = 60_000

// maxChain bounds the CNAMEs that are followed.
const maxChain = 8

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

	Zone                       int // index in Zones; -1: none of ours
	Authoritative              bool
	Rcode                      int
	Answer, Authority, Further []dns.RR // Further: the additional section, the first to go

	turns    []packed.Group // of Answer; of Further as well where each answer has one
	seen     []table.Seen   // what the answer was made from, the name asked for first
	volatile bool           // it was made from more than that: it cannot be kept
	part     bool           // there is more to say, which other turns may
	bare     bool           // it says no more than that there is nothing of the type
}

// Partial says whether other turns give other records, as there are more than an
// answer may have.
func (r Result) Partial() bool { return r.part }

// Reply answers a question of class IN. turn decides which records of an
// RRset come first; owner names keep the question's case.
func (s *Server) Reply(q dns.Question, turn uint32) Result {
	r := s.reply(q, turn)
	if len(r.Further) == len(r.Answer) {
		r.Further = packed.Turn(r.Further, r.turns, turn)
	}
	r.Answer = packed.Turn(r.Answer, r.turns, turn)
	return r
}

// reply is Reply with the records in the order they take turns in.
func (s *Server) reply(q dns.Question, turn uint32) Result {
	wire, ok := wireName(q.Name)
	switch {
	case !ok || q.Qtype == dns.TypeOPT || q.Qtype == dns.TypeNone:
		return Result{Zone: -1, Rcode: dns.RcodeFormatError}
	case q.Qtype == dns.TypeAXFR || q.Qtype == dns.TypeIXFR:
		return Result{Zone: -1, Rcode: dns.RcodeRefused}
	case q.Qtype >= dns.TypeTKEY && q.Qtype < dns.TypeANY: // TSIG, MAILA and the like
		return Result{Zone: -1, Rcode: dns.RcodeNotImplemented}
	}
	if q.Qtype == dns.TypeDS {
		if r, ok := s.delegation(wire); ok {
			return r
		}
	}
	if zone := s.zone(wire); zone != nil {
		index := s.index(zone)
		if s.Table.State() == nil {
			return Result{Zone: index, Rcode: dns.RcodeServerFailure}
		}
		a := answering{Server: s, turn: turn, Result: Result{Zone: index, Authoritative: true}}
		a.follow(zone, wire, q)
		a.evenTTLs()
		return a.Result
	}
	if isReverse(wire) {
		if r, ok := s.reverse(wire, q, turn); ok {
			return r
		}
	}
	private, above := privateReverse(wire), isReverse(wire) && s.Table.Lookup(wire) != nil
	switch {
	case private != nil && above:
		r := s.nothingPrivate(wire, private)
		r.Above = s.elsewhere(wire)
		return r
	case s.elsewhere(wire):
		return Result{Zone: -1, Elsewhere: true, Encloses: above || s.encloses(wire)}
	case private != nil:
		return s.nothingPrivate(wire, private)
	}
	return Result{Zone: -1, Rcode: dns.RcodeRefused}
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

// elsewhere says whether others can be asked for a wire name that is not ours.
func (s *Server) elsewhere(wire []byte) bool {
	return s.Forwards || longest(s.Stubs, wire) != nil
}

// encloses says whether a zone of ours or a stub zone is below a wire name.
func (s *Server) encloses(wire []byte) bool {
	return anyBelow(s.Zones, wire) || anyBelow(s.Stubs, wire)
}

func anyBelow(zones []Zone, wire []byte) bool {
	for i := range zones {
		if zones[i].below(wire) {
			return true
		}
	}
	return false
}

func longest(zones []Zone, wire []byte) *Zone {
	var best *Zone
	for i := range zones {
		if z := &zones[i]; within(wire, z.wire) && (best == nil || len(z.wire) > len(best.wire)) {
			best = z
		}
	}
	return best
}

func (s *Server) index(z *Zone) int {
	return slices.IndexFunc(s.Zones, func(each Zone) bool { return each.wire == z.wire })
}

// answering is one answer being made.
type answering struct {
	*Server
	turn     uint32
	said     map[said]bool
	ttls     map[said]uint32 // of the sets of additional records
	reached  int             // names looked up for the additional section
	priority []uint16        // of the records at the name at hand that take turns
	weight   []uint16        // of the same
	Result
}

// lookup notes what it sees, so that the answer can be kept while it lasts.
func (a *answering) lookup(wire []byte) *table.Node {
	node, seen := a.Table.See(wire)
	a.seen = append(a.seen, seen)
	return node
}

// add adds a record to the answer that takes turns with the others of its
// priority; they are added in the order of priority.
func (a *answering) add(rr dns.RR, priority, weight uint16) {
	a.Answer = append(a.Answer, rr)
	a.priority, a.weight = append(a.priority, priority), append(a.weight, weight)
}

// follow answers q at a name of zone, and at the targets of CNAMEs.
func (a *answering) follow(zone *Zone, wire []byte, q dns.Question) {
	seen := []string{string(wire)}
	for {
		target := a.at(zone, wire, q)
		if target == "" {
			return
		}
		next, ok := wireName(target)
		if !ok || slices.Contains(seen, string(next)) || len(seen) == maxChain {
			return // a loop: the client sees how far it goes
		}
		seen = append(seen, string(next))
		if zone = a.zone(next); zone == nil {
			if a.elsewhere(next) {
				a.Continue = target
			}
			return
		}
		wire, q.Name = next, target
	}
}

// at answers q at one name and returns the target of the CNAME it answered
// with, if it did.
func (a *answering) at(zone *Zone, wire []byte, q dns.Question) (target string) {
	before := len(a.Answer)
	a.priority, a.weight = nil, nil
	set, node, exists := a.find(zone, wire, wanted{qtype: q.Qtype})
	aliases := set.aliases(zone, wire, q.Qtype)
	switch {
	case string(wire) == zone.wire && q.Qtype == dns.TypeSOA:
		a.Answer = append(a.Answer, a.soa(zone, q.Name, a.TTL))
		a.volatile = true // the serial
	case string(wire) == zone.wire && q.Qtype == dns.TypeNS:
		a.nameServers(zone, q)
	case !exists:
		a.Rcode = dns.RcodeNameError
	case len(aliases) > 0:
		target = a.alias(q, aliases)
	case q.Qtype == dns.TypeANY:
		a.Answer = append(a.Answer, &dns.HINFO{Hdr: header(q.Name, dns.TypeHINFO, a.TTL), Cpu: "RFC8482"})
	case len(set.entries) == 0 && string(wire) == zone.ns:
		a.volatile = true
		a.addresses(q, ownEntries(zone.ns, a.NameServers()))
	case q.Qtype == dns.TypeSRV:
		a.services(zone, q, set)
	case q.Qtype == dns.TypeMX:
		a.exchanges(zone, q, set)
	case q.Qtype == dns.TypeTXT:
		a.texts(q, set)
	case q.Qtype == dns.TypePTR:
		a.pointers(q, node)
	case q.Qtype == dns.TypeA || q.Qtype == dns.TypeAAAA:
		a.addresses(q, set)
	default:
		a.given(q, set)
	}
	if len(a.Answer) == before {
		a.bare = before == 0 && a.Rcode == dns.RcodeSuccess
		a.Authority = []dns.RR{a.soa(zone, zone.Name, a.NegativeTTL)}
	}
	a.turns = packed.Groups(len(a.Answer)-len(a.priority), a.priority, a.weight)
	return target
}

// header is a record's header of class IN.
func header(owner string, rrtype uint16, ttl uint32) dns.RR_Header {
	return dns.RR_Header{Name: owner, Rrtype: rrtype, Class: dns.ClassINET, Ttl: ttl}
}

// wireName is the lower-case wire format of a name in presentation format.
func wireName(name string) ([]byte, bool) {
	buf := make([]byte, 255)
	end, err := dns.PackDomainName(name, buf, 0, nil, false)
	if err != nil {
		return nil, false
	}
	// Length bytes are below 64, so no length is taken for a letter.
	for i, c := range buf[:end] {
		if 'A' <= c && c <= 'Z' {
			buf[i] = c + 'a' - 'A'
		}
	}
	return buf[:end], true
}

// presentation is the inverse of wireName.
func presentation(wire string) string {
	name, _, err := dns.UnpackDomainName([]byte(wire), 0)
	if err != nil {
		return "."
	}
	return name
}

// within says whether a wire name is zone or below it, label by label.
func within(wire []byte, zone string) bool {
	for at := 0; ; at += 1 + int(wire[at]) {
		if rest := len(wire) - at; rest <= len(zone) {
			return rest == len(zone) && string(wire[at:]) == zone
		}
	}
}

// fqdn adds the final dot.
func fqdn(name string) string {
	if strings.HasSuffix(name, ".") {
		return name
	}
	return name + "."
}
