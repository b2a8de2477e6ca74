package answer

import (
	"net/netip"

	"github.com/miekg/dns"
)

// header is a record's header of class IN.
func header(owner string, rrtype uint16, ttl uint32) dns.RR_Header {
	return dns.RR_Header{Name: owner, Rrtype: rrtype, Class: dns.ClassINET, Ttl: ttl}
}

func addressRR(owner string, addr netip.Addr, ttl uint32) dns.RR {
	if addr.Is4() {
		return &dns.A{Hdr: header(owner, dns.TypeA, ttl), A: addr.AsSlice()}
	}
	return &dns.AAAA{Hdr: header(owner, dns.TypeAAAA, ttl), AAAA: addr.AsSlice()}
}

func soa(owner, ns, mbox string, serial, negative, ttl uint32) dns.RR {
	return &dns.SOA{
		Hdr: header(owner, dns.TypeSOA, ttl), Ns: ns, Mbox: mbox,
		Serial: serial, Refresh: 3600, Retry: 600, Expire: 86400, Minttl: negative,
	}
}
