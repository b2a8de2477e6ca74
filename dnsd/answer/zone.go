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
	apex string // apex.dns.<zone>, wire format; empty: it would be too long a name
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
	if apex, ok := wireName("apex.dns." + z.Name); ok {
		z.apex = string(apex)
	}
	return z, nil
}

// serves says whether a name exists without any record: the apex, and the
// name server's.
func (z *Zone) serves(wire []byte) bool {
	return string(wire) == z.wire || string(wire) == z.ns || string(wire) == z.ns[len("\x02ns"):]
}

// below says whether the zone is below a wire name.
func (z *Zone) below(wire []byte) bool {
	rest := z.wire
	for len(rest) > len(wire) {
		rest = rest[1+rest[0]:]
	}
	return len(rest) < len(z.wire) && rest == string(wire)
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

// recordsIn is records of a node of a zone, which may be its apex.
func (a *answering) recordsIn(z *Zone, node *table.Node, w wanted) entrySet {
	if node.Name() != z.wire {
		return a.records(node, w)
	}
	apex := a.apexNode(z)
	if apex == nil {
		return a.records(node, w)
	}
	set := a.records(apex, w)
	if own := node.Own(); own != nil && (w.port == 0 || own.Port == w.port) {
		set.entries = append([]table.Entry{{Name: node.Name(), Record: own}}, set.entries...)
	}
	return set
}

// nameServers answers NS at the apex: each record under ns.dns.<zone> is a
// name server, or its host is; without any, ns.dns.<zone> is, with this server's
// addresses.
func (a *answering) nameServers(z *Zone, q dns.Question) {
	set := a.records(a.lookup([]byte(z.ns)), wanted{qtype: dns.TypeA})
	if len(set.entries) == 0 {
		a.volatile = true
		set = ownEntries(z.ns, a.NameServers())
	}
	servers, ttl := set.with(hasHost), set.ttl(a.TTL)
	for _, e := range servers {
		name := presentation(e.Name)
		if e.Host != "" {
			name = fqdn(e.Host)
		}
		if a.once(said{owner: q.Name, rrtype: dns.TypeNS, data: name}) {
			a.add(&dns.NS{Hdr: header(q.Name, dns.TypeNS, ttl), Ns: name}, 0, 1)
		}
		a.reach(e, name, ttl)
	}
	if len(servers) == 0 {
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
