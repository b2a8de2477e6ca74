package answer

import (
	"strconv"
	"strings"

	"rundock/dnsd/table"

	"github.com/miekg/dns"
)

// find collects the records that a name of zone is answered with, and says
// whether the name exists. A name that nothing is stored for may be
//
//	*.web, any.web          a question for every name of that form
//	_http._tcp.web          those of web with that port
//	whatever.web            answered by a stored *.web (RFC 4592)
//
// in this order; what is stored under the name itself comes before all.
func (a *answering) find(zone *Zone, wire []byte, w wanted) (set entrySet, node *table.Node, exists bool) {
	if node = a.lookup(wire); node != nil {
		return a.recordsIn(zone, node, w), node, true
	}
	if zone.existsWithoutRecord(wire) || a.hasZoneBelow(wire) {
		return entrySet{}, nil, true
	}
	if entries, ok := a.namesOfForm(zone, wire, w); ok {
		return entries, nil, true
	}
	if set, ok := a.byPort(zone, wire, w); ok {
		return set, nil, true
	}
	set, exists = a.byWildcard(zone, wire, w)
	return set, nil, exists
}

// byPort answers _http._tcp.web by the records of web with the port that http
// stands for. _tcp.web and _udp.web exist, with nothing, where web does.
func (a *answering) byPort(zone *Zone, wire []byte, w wanted) (entrySet, bool) {
	service, rest := cut(wire)
	proto, base := cut(rest)
	if isProto(service) {
		node := a.Table.Lookup(rest)
		return entrySet{}, node != nil && node.Kinds()&table.HasRecord != 0
	}
	if len(service) < 2 || service[0] != '_' || !isProto(proto) {
		return entrySet{}, false
	}
	port, ok := knownPorts[string(service[1:])]
	if n, err := strconv.ParseUint(string(service[1:]), 10, 16); err == nil {
		port, ok = uint16(n), true
	}
	node := a.Table.Lookup(base)
	if !ok || port == 0 || node == nil || node.Kinds()&table.HasPort(port) == 0 {
		return entrySet{}, false
	}
	set := a.recordsIn(zone, node, wanted{w.qtype, port})
	if set.part && len(set.entries) == 0 && w.qtype != dns.TypeSRV {
		// None of the type: the name exists if there is one of another.
		return set, len(a.recordsIn(zone, node, wanted{dns.TypeSRV, port}).entries) > 0
	}
	return set, len(set.entries) > 0
}

func isProto(label []byte) bool {
	return string(label) == "_tcp" || string(label) == "_udp"
}

// byWildcard answers by the * below the nearest name above that exists.
func (a *answering) byWildcard(zone *Zone, wire []byte, w wanted) (entrySet, bool) {
	star := a.wildcardAbove(zone, wire)
	if star == nil {
		return entrySet{}, false
	}
	set := a.records(a.Table.Lookup(star), w)
	var found []table.Entry
	for _, e := range set.entries {
		// The records stand below the name asked for, as far as DNS goes.
		if e.Name = strings.TrimSuffix(e.Name, string(star)) + string(wire); len(e.Name) <= 255 {
			found = append(found, e)
		}
	}
	set.entries = found
	return set, true
}

// wildcardAbove is the wire name of the stored * that answers a name in zone which
// does not exist; nil where there is none.
func (a *answering) wildcardAbove(zone *Zone, wire []byte) []byte {
	for encloser := wire; len(encloser) > len(zone.wire); {
		if _, encloser = cut(encloser); a.Table.Lookup(encloser) == nil {
			continue
		}
		if star := below([]byte("*"), string(encloser)); a.Table.Lookup(star) != nil {
			return star
		}
		return nil
	}
	return nil
}

// mayHaveAnswer reports whether a name that nothing is stored for may have an answer
// all the same, see find. It allocates nothing: most such names do not exist.
func (s *Server) mayHaveAnswer(wire []byte) bool {
	if wire[1] == '_' || s.Table.Wildcards() > 0 && s.hasWildcard(wire) {
		return true
	}
	for at := wire; at[0] != 0; _, at = cut(at) {
		if anyLabel(at[1:][:at[0]]) {
			return true
		}
	}
	return false
}

// hasWildcard reports whether a * is stored below the nearest name above.
func (s *Server) hasWildcard(wire []byte) bool {
	var star [257]byte
	for at := wire; at[0] != 0; {
		if _, at = cut(at); s.Table.Lookup(at) != nil {
			return s.Table.Lookup(append(append(star[:0], "\x01*"...), at...)) != nil
		}
	}
	return false
}

// knownPorts are names that SRV questions use, of ports that services use
// (the IANA registry's names, and two that are common besides).
var knownPorts = map[string]uint16{
	"ftp": 21, "ssh": 22, "smtp": 25, "domain": 53, "http": 80, "kerberos": 88, "pop3": 110, "ntp": 123, "imap": 143,
	"snmp": 161, "ldap": 389, "https": 443, "syslog": 514, "submission": 587, "ldaps": 636, "imaps": 993, "pop3s": 995,
	"mqtt": 1883, "nfs": 2049, "etcd-client": 2379, "etcd-server": 2380, "mysql": 3306, "sip": 5060, "sips": 5061,
	"xmpp-client": 5222, "xmpp-server": 5269, "postgresql": 5432, "postgres": 5432, "amqps": 5671, "amqp": 5672,
	"redis": 6379, "http-alt": 8080, "secure-mqtt": 8883, "prometheus": 9090, "elasticsearch": 9200, "memcache": 11211,
	"mongodb": 27017,
}
