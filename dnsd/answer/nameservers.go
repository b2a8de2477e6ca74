package answer

import (
	"net/netip"

	"rundock/dnsd/table"

	"github.com/miekg/dns"
)

// nameServers answers NS at the apex: each record under ns.dns.<zone> is a
// name server, or its host is; without any, ns.dns.<zone> is, with this server's
// addresses.
func (a *answering) nameServers(z *Zone, q dns.Question) {
	set := a.records(a.lookup([]byte(z.ns)), wanted{qtype: dns.TypeA})
	if len(set.entries) == 0 {
		a.volatile = true
		set = ownEntries(z.ns, a.NameServers())
	}
	servers, ttl := set.having(hasHost), set.ttl(a.TTL)
	for _, e := range servers {
		name := presentation(e.Name)
		if e.Host != "" {
			name = fqdn(e.Host)
		}
		if a.firstSeen(rrKey{owner: q.Name, rrtype: dns.TypeNS, data: name}) {
			a.add(&dns.NS{Hdr: header(q.Name, dns.TypeNS, ttl), Ns: name}, 0, 1)
		}
		a.addAddressesOf(e, name, ttl)
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
