package answer

import (
	"bytes"
	"strconv"
	"strings"

	"rundock/dnsd/packed"
	"rundock/dnsd/table"

	"github.com/miekg/dns"
)

// reverse answers a name under in-addr.arpa or ip6.arpa that has a record of
// its own or is the address of one in our zones. Such a name is a zone of its
// own: its neighbours may be other people's and are asked upstream.
func (s *Server) reverse(wire []byte, q dns.Question, turn uint32) (Result, bool) {
	a := answering{Server: s, turn: turn, most: maxRecords, Result: Result{Zone: -1, Authoritative: true}}
	node := a.lookup(wire)
	if node == nil {
		return Result{}, false
	}
	if names, _ := a.pointerNames(node); len(names) == 0 && node.Own() == nil {
		return Result{}, false
	}
	apex := Zone{Name: presentation(node.Name())}
	switch q.Qtype {
	case dns.TypePTR:
		a.pointers(q, node)
	case dns.TypeSOA:
		a.Answer = []dns.RR{a.soa(&apex, q.Name, a.TTL)}
		a.volatile = true // the serial
	case dns.TypeDS:
		_, above := cut(wire)
		a.Above = s.canAskOthers(above)
	}
	if len(a.Answer) == 0 {
		a.Authority = []dns.RR{a.soa(&apex, apex.Name, a.NegativeTTL)}
	}
	a.turns = packed.Groups(len(a.Answer)-len(a.priority), a.priority, a.weight)
	return a.Result, true
}

// pointerNames are the names an address points to: those its own records have as
// host (at the reverse name, and below it where there are several); without
// any, those in our zones that have the address.
func (a *answering) pointerNames(node *table.Node) (names []string, ttl uint32) {
	own := entrySet{entries: ownPointers(node)}
	if len(own.entries) > 0 {
		for _, e := range a.some(own.entries, maxPointers) {
			names = append(names, fqdn(e.Host))
		}
		return names, own.ttl(a.TTL)
	}
	ours := func(e table.Entry) bool { return a.zone([]byte(e.Name)) != nil }
	set := entrySet{entries: node.Pointers(maxLooked, ours)}
	set.entries = set.having(hasHost) // all of them
	for _, e := range a.some(set.entries, maxPointers) {
		names = append(names, presentation(e.Name))
	}
	return names, set.ttl(a.TTL)
}

// ownPointers are the records at a reverse name, and if it is that of one
// address, below.
func ownPointers(node *table.Node) []table.Entry {
	var entries []table.Entry
	if own := node.Own(); own != nil {
		entries = []table.Entry{{Name: node.Name(), Record: own}}
	}
	if isAddress(node.Name()) {
		entries, _ = node.Records(maxLooked)
	}
	return entrySet{entries: entries}.having(func(e table.Entry) bool { return e.Host != "" })
}

// isAddress says whether a reverse name has all labels of an address.
func isAddress(name string) bool {
	labels := 0
	for rest := []byte(name); rest[0] != 0; _, rest = cut(rest) {
		labels++
	}
	return labels == 6 && strings.HasSuffix(name, "\x07in-addr\x04arpa\x00") || labels == 34
}

func (a *answering) pointers(q dns.Question, node *table.Node) {
	if node == nil {
		return
	}
	names, ttl := a.pointerNames(node)
	for _, name := range names {
		if !a.firstSeen(rrKey{owner: q.Name, rrtype: dns.TypePTR, data: name}) {
			continue
		}
		a.add(&dns.PTR{Hdr: header(q.Name, dns.TypePTR, ttl), Ptr: name}, 0, 1)
	}
	a.volatile = a.volatile || a.partial // so few names are shown that each query has others
}

// privateReverse is the wire name of the RFC 6303 zone a reverse name is in,
// or nil. Nobody else can know those names, so without upstreams they do not
// exist: a refusal would make resolvers wait for another server.
func privateReverse(wire []byte) []byte {
	for _, zone := range privateZones {
		if within(wire, string(zone)) {
			return zone
		}
	}
	return nil
}

var privateZones = func() [][]byte {
	names := []string{
		"10.in-addr.arpa.", "168.192.in-addr.arpa.", "0.in-addr.arpa.", "127.in-addr.arpa.", "254.169.in-addr.arpa.",
		"d.f.ip6.arpa.", "8.e.f.ip6.arpa.", "9.e.f.ip6.arpa.", "a.e.f.ip6.arpa.", "b.e.f.ip6.arpa.",
		strings.Repeat("0.", 32) + "ip6.arpa.", "1." + strings.Repeat("0.", 31) + "ip6.arpa.",
	}
	for i := 16; i < 32; i++ {
		names = append(names, strconv.Itoa(i)+".172.in-addr.arpa.")
	}
	var zones [][]byte
	for _, name := range names {
		wire, _ := wireName(name)
		zones = append(zones, bytes.Clone(wire))
	}
	return zones
}()

// emptyPrivateZone answers a name of a zone of RFC 6303, which has its SOA and nothing
// else: who looks for the zone that a name is in asks for that. NS it names none, as
// nobody would find them.
func (s *Server) emptyPrivateZone(wire, zone []byte, q dns.Question) Result {
	apex, r := presentation(string(zone)), Result{Zone: -1, Authoritative: true}
	of := func(owner string) []dns.RR {
		return []dns.RR{soa(owner, apex, "nobody.invalid.", 1, s.NegativeTTL, s.NegativeTTL)}
	}
	atApex := bytes.Equal(wire, zone)
	if atApex && q.Qtype == dns.TypeSOA {
		r.Answer = of(q.Name)
		return r
	}
	r.Authority = of(apex)
	if !atApex && s.Table.Lookup(wire) == nil {
		r.Rcode = dns.RcodeNameError
	}
	return r
}
