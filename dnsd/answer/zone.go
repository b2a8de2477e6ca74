package answer

import (
	"fmt"
	"net/netip"
	"strings"

	"rundock/dnsd/table"

	"github.com/miekg/dns"
)

// A Zone is a name the server is the authority for, with everything below it.
// Its name server is ns.dns.<zone>, its serial the registry's revision.
type Zone struct {
	Name string // fully qualified, lower case
	wire string
	ns   string // ns.dns.<zone>, wire format
}

// NewZone takes a name with or without final dot.
func NewZone(name string) (Zone, error) {
	if _, ok := dns.IsDomainName(name); !ok || strings.Trim(name, ".") == "" {
		return Zone{}, fmt.Errorf("zone %q: not a DNS name", name)
	}
	z := Zone{Name: strings.ToLower(dns.Fqdn(name))}
	wire, ok := wireName(z.Name)
	ns, fits := wireName("ns.dns." + z.Name)
	if !ok || !fits {
		return Zone{}, fmt.Errorf("zone %q: too long a name", name)
	}
	z.wire, z.ns = string(wire), string(ns)
	return z, nil
}

// serves says whether a name exists without any record: the apex, and the
// name server's.
func (z *Zone) serves(wire []byte) bool {
	return string(wire) == z.wire || string(wire) == z.ns || string(wire) == z.ns[len("\x02ns"):]
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

func soa(owner, ns, mbox string, serial, negative, ttl uint32) dns.RR {
	return &dns.SOA{
		Hdr: header(owner, dns.TypeSOA, ttl), Ns: ns, Mbox: mbox,
		Serial: serial, Refresh: 3600, Retry: 600, Expire: 86400, Minttl: negative,
	}
}

// nameServers answers NS at the apex: each record under ns.dns.<zone> is a
// name server; without any, ns.dns.<zone> is, with this server's addresses.
func (a *answering) nameServers(z *Zone, q dns.Question) {
	set := a.records(a.lookup([]byte(z.ns)), wanted{qtype: dns.TypeA})
	if len(set.entries) == 0 {
		a.volatile = true
		set = ownEntries(z.ns, a.NameServers())
	}
	glue := set.addressed()
	for _, e := range glue {
		name, ttl := presentation(e.Name), set.ttl(a.TTL)
		if a.once(said{owner: q.Name, rrtype: dns.TypeNS, data: name}) {
			a.add(&dns.NS{Hdr: header(q.Name, dns.TypeNS, ttl), Ns: name}, 0, 1)
		}
		a.further(name, e.Addr, ttl)
	}
	if len(glue) == 0 {
		a.add(&dns.NS{Hdr: header(q.Name, dns.TypeNS, a.TTL), Ns: "ns.dns." + z.Name}, 0, 1)
	}
}

// ownEntries are address records at one name.
func ownEntries(wire string, addrs []netip.Addr) entrySet {
	var set entrySet
	for _, addr := range addrs {
		set.entries = append(set.entries, table.Entry{Name: wire, Record: &table.Record{Addr: addr, Priority: 10, Weight: 100}})
	}
	return set
}
