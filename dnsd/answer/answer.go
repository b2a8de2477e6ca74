// Package answer decides what the table's records say to a question. It reads
// memory only: no I/O, no lock, no log line.
//
// A name is answered with its own record and those below it, as SkyDNS does:
// influxdb.s.prod.example.com has all the instances of the service. Where the
// records name groups, the group of those nearest to the name is answered,
// with the records that name none. A group that begins with _ sets a record aside:
// only its own name is answered with it, and one above whose first label is the
// group, as _admin._tcp. So are the instances of a service's idle colour.
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
//
//	answer.go     a question, and the CNAMEs it leads along
//	server.go     what answers depend on; zone.go: whose names are ours
//	find.go       the records of a name, also of one that nothing is stored for; form.go: of names with * or any
//	collect.go    those at and below a node; entries.go: what is made of them
//	answering.go  the answer in the making: what it has, what it was made from
//	records.go    A, AAAA, SRV, MX, TXT and data; alias.go: CNAME; nameservers.go: NS; reverse.go: PTR; delegation.go: DS
//	relative.go   names that a client leaves a domain out of
//	packed.go     answers as they are sent and kept
//	explain.go    why a record is not in an answer
package answer

import (
	"slices"

	"rundock/dnsd/packed"

	"github.com/miekg/dns"
)

// Partial reports whether other turns give other records: there are more than an
// answer may have.
func (r Result) Partial() bool { return r.partial }

// Reply answers a question of class IN. turn decides which records of an
// RRset come first; owner names keep the question's case.
func (s *Server) Reply(q dns.Question, turn uint32) Result { return s.replyInTurn(q, turn, maxRecords) }

// ReplyUDP is Reply for a reply over UDP.
func (s *Server) ReplyUDP(q dns.Question, turn uint32) Result {
	return s.replyInTurn(q, turn, s.mostUDP())
}

func (s *Server) replyInTurn(q dns.Question, turn uint32, most int) Result {
	r := s.reply(q, turn, most)
	if len(r.Additional) == len(r.Answer) {
		r.Additional = packed.Turn(r.Additional, r.turns, turn)
	}
	r.Answer = packed.Turn(r.Answer, r.turns, turn)
	return r
}

// reply is Reply with at most that many records, in the order of their turns.
func (s *Server) reply(q dns.Question, turn uint32, most int) Result {
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
		a := answering{Server: s, turn: turn, most: most, Result: Result{Zone: index, Authoritative: true}}
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
		r := s.emptyPrivateZone(wire, private, q)
		r.Above = s.canAskOthers(wire)
		return r
	case s.canAskOthers(wire):
		return Result{Zone: -1, Elsewhere: true, Encloses: above || s.hasZoneBelow(wire)}
	case private != nil:
		return s.emptyPrivateZone(wire, private, q)
	}
	return Result{Zone: -1, Rcode: dns.RcodeRefused}
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
		if !ok || slices.Contains(seen, string(next)) || len(seen) == MaxChain {
			return // a loop: the client sees how far it goes
		}
		seen = append(seen, string(next))
		if zone = a.zone(next); zone == nil {
			if a.canAskOthers(next) {
				a.Continue = target
			}
			return
		}
		wire, q.Name = next, target
	}
}

// at answers q at one name. It returns the target if it answered with a CNAME.
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
		a.srvRecords(zone, q, set)
	case q.Qtype == dns.TypeMX:
		a.mailExchanges(zone, q, set)
	case q.Qtype == dns.TypeTXT:
		a.texts(q, set)
	case q.Qtype == dns.TypePTR:
		a.pointers(q, node)
	case q.Qtype == dns.TypeA || q.Qtype == dns.TypeAAAA:
		a.addresses(q, set)
	default:
		a.verbatim(q, set)
	}
	if len(a.Answer) == before {
		a.bare = before == 0 && a.Rcode == dns.RcodeSuccess
		a.Authority = []dns.RR{a.soa(zone, zone.Name, a.NegativeTTL)}
	}
	a.turns = packed.Groups(len(a.Answer)-len(a.priority), a.priority, a.weight)
	return target
}
