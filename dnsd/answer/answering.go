package answer

import (
	"net/netip"

	"rundock/dnsd/table"

	"github.com/miekg/dns"
)

// answering is one answer being made.
type answering struct {
	*Server
	turn     uint32
	most     int // records that are taken of very many
	said     map[rrKey]bool
	ttls     map[rrKey]uint32 // of the sets of additional records
	reached  int              // names looked up for the additional section
	priority []uint16         // of the records at the name at hand that take turns
	weight   []uint16         // of the same
	Result
}

// lookup finds a node. It notes what it saw, so that the answer can be kept until
// that changes.
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

// An rrKey is a record of the answer being made, less its TTL and its SRV weight.
type rrKey struct {
	owner          string
	rrtype         uint16
	data           string
	priority, port uint16
}

// firstSeen reports whether a record was not in the answer yet.
func (a *answering) firstSeen(s rrKey) bool {
	if a.said[s] {
		return false
	}
	if a.said == nil {
		a.said = map[rrKey]bool{}
	}
	a.said[s] = true
	return true
}

// addAdditional adds an address to the additional section. Records of one name and type
// have one TTL (RFC 2181 section 5.2): the smallest.
func (a *answering) addAdditional(owner string, addr netip.Addr, ttl uint32) {
	rr := addressRR(owner, addr, ttl)
	set := rrKey{owner: owner, rrtype: rr.Header().Rrtype}
	if a.ttls == nil {
		a.ttls = map[rrKey]uint32{}
	}
	if least, known := a.ttls[set]; !known || ttl < least {
		a.ttls[set] = ttl
	}
	if len(a.Additional) < maxRecords && a.firstSeen(rrKey{owner: owner, data: addr.String()}) {
		a.Additional = append(a.Additional, rr)
	}
}

// evenTTLs gives the additional records the TTLs of their sets.
func (a *answering) evenTTLs() {
	for _, rr := range a.Additional {
		h := rr.Header()
		h.Ttl = a.ttls[rrKey{owner: h.Name, rrtype: h.Rrtype}]
	}
}
