package answer

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// A Zone is a name the server is the authority for, with everything below it.
// Its name server is ns.dns.<zone>, its serial the store's revision.
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

// existsWithoutRecord reports whether a name exists without any record: the apex, and the
// name server's.
func (z *Zone) existsWithoutRecord(wire []byte) bool {
	return string(wire) == z.wire || string(wire) == z.ns || string(wire) == z.ns[len("\x02ns"):]
}

// below reports whether the zone is below a wire name.
func (z *Zone) below(wire []byte) bool {
	rest := z.wire
	for len(rest) > len(wire) {
		rest = rest[1+rest[0]:]
	}
	return len(rest) < len(z.wire) && rest == string(wire)
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

func anyBelow(zones []Zone, wire []byte) bool {
	for i := range zones {
		if zones[i].below(wire) {
			return true
		}
	}
	return false
}
