package answer

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"rundock/dnsd/packed"
	"rundock/dnsd/table"

	"github.com/miekg/dns"
)

// An entrySet is the records a name is answered with, nearest first.
type entrySet struct{ entries []table.Entry }

// records collects at node (which may be nil) and below, and keeps one group.
func (a *answering) records(node *table.Node) entrySet {
	if node == nil {
		return entrySet{}
	}
	return entrySet{oneGroup(slices.DeleteFunc(node.Records(maxRecords), furtherPort))}
}

// furtherPort reports whether e is of a named port of a service, seen from the
// service's name or above: <instance>._<port>._tcp is three labels below. With
// the service's own records withdrawn its group would be the nearest, and
// clients be sent to a port of another protocol.
func furtherPort(e table.Entry) bool { return e.Depth > 2 && strings.HasPrefix(e.Group, "_") }

// oneGroup keeps the records of the group that the nearest records with a
// group name, and the records without one. Where those nearest disagree there
// is nothing to tell them apart by, and all records are kept.
func oneGroup(entries []table.Entry) []table.Entry {
	first := slices.IndexFunc(entries, func(e table.Entry) bool { return e.Group != "" })
	if first < 0 {
		return entries
	}
	group := entries[first].Group
	var kept []table.Entry
	for _, e := range entries {
		if e.Group != "" && e.Group != group {
			if e.Depth == entries[first].Depth {
				return entries
			}
			continue
		}
		kept = append(kept, e)
	}
	return kept
}

// ttl is the smallest TTL of the set: the records of an RRset share one.
func (s entrySet) ttl(unset uint32) uint32 {
	var ttl uint32
	for i, e := range s.entries {
		own := cmp.Or(e.TTL, unset)
		if i == 0 || own < ttl {
			ttl = own
		}
	}
	return ttl
}

func hasHost(e table.Entry) bool { return e.Addr.IsValid() || e.Host != "" }

func (s entrySet) addressed() []table.Entry {
	return s.with(func(e table.Entry) bool { return e.Addr.IsValid() })
}

// with are the entries that qualify, the preferred ones first.
func (s entrySet) with(qualify func(table.Entry) bool) []table.Entry {
	var found []table.Entry
	for _, e := range s.entries {
		if qualify(e) {
			found = append(found, e)
		}
	}
	slices.SortStableFunc(found, func(a, b table.Entry) int { return cmp.Compare(a.Priority, b.Priority) })
	return found
}

// chosen is the entry whose turn it is.
func chosen(entries []table.Entry, turn uint32) table.Entry {
	var priority, weight []uint16
	for _, e := range entries {
		priority, weight = append(priority, e.Priority), append(weight, e.Weight)
	}
	return packed.Turn(entries, packed.Groups(0, priority, weight), turn)[0]
}

// A said is a record of the answer being made, less its TTL and its SRV weight.
type said struct {
	owner          string
	rrtype         uint16
	data           string
	priority, port uint16
}

// once says whether a record was not in the answer yet.
func (a *answering) once(s said) bool {
	if a.said[s] {
		return false
	}
	if a.said == nil {
		a.said = map[said]bool{}
	}
	a.said[s] = true
	return true
}

// further adds an address to the additional section.
func (a *answering) further(owner string, addr netip.Addr, ttl uint32) {
	if len(a.Further) < maxRecords && a.once(said{owner: owner, data: addr.String()}) {
		a.Further = append(a.Further, addressRR(owner, addr, ttl))
	}
}

// addresses answers A, AAAA, CNAME and the types no record can be of. Records
// with a name as host stand for a CNAME, of which a name can have one: one of
// them, in turn, and only where no record has an address.
//
// Clients mostly take the first address, so those of the preferred priority
// come first, and each is first as often as its weight says.
func (a *answering) addresses(q dns.Question, set entrySet) (target string) {
	if addressed := set.addressed(); len(addressed) > 0 {
		ttl := entrySet{addressed}.ttl(a.TTL)
		for _, e := range addressed {
			rr := addressRR(q.Name, e.Addr, ttl)
			if rr.Header().Rrtype == q.Qtype && a.once(said{owner: q.Name, rrtype: q.Qtype, data: e.Addr.String()}) {
				a.add(rr, e.Priority, e.Weight)
			}
		}
		return ""
	}
	named := set.with(func(e table.Entry) bool { return e.Host != "" })
	if len(named) == 0 {
		return ""
	}
	a.volatile = a.volatile || len(named) > 1
	e := chosen(named, a.turn)
	target = fqdn(e.Host)
	a.Answer = append(a.Answer, &dns.CNAME{Hdr: header(q.Name, dns.TypeCNAME, cmp.Or(e.TTL, a.TTL)), Target: target})
	if q.Qtype == dns.TypeCNAME {
		return ""
	}
	return target
}

func addressRR(owner string, addr netip.Addr, ttl uint32) dns.RR {
	if addr.Is4() {
		return &dns.A{Hdr: header(owner, dns.TypeA, ttl), A: addr.AsSlice()}
	}
	return &dns.AAAA{Hdr: header(owner, dns.TypeAAAA, ttl), AAAA: addr.AsSlice()}
}

// services answers SRV.
func (a *answering) services(zone *Zone, q dns.Question, set entrySet) {
	ttl := set.ttl(a.TTL)
	hosts := set.with(hasHost)
	weigh := a.weights(hosts)
	for _, e := range hosts {
		target := a.target(zone, e)
		if a.once(said{q.Name, dns.TypeSRV, target, e.Priority, e.Port}) {
			a.add(&dns.SRV{
				Hdr: header(q.Name, dns.TypeSRV, ttl), Target: target, Port: e.Port, Priority: e.Priority, Weight: weigh(e),
			}, e.Priority, e.Weight)
		}
		a.reach(e, target, ttl)
	}
}

// weights is how SRV records are weighed: by the percent share within the
// priority, or scaled so that the largest of the priority is 65535. It is
// never 0: clients take that for "almost never", HAProxy for "never".
func (a *answering) weights(hosts []table.Entry) func(table.Entry) uint16 {
	total, largest := map[uint16]uint64{}, map[uint16]uint64{}
	for _, e := range hosts {
		total[e.Priority] += uint64(e.Weight)
		largest[e.Priority] = max(largest[e.Priority], uint64(e.Weight))
	}
	return func(e table.Entry) uint16 {
		if a.ScaledWeights {
			return uint16(max(1, uint64(e.Weight)*65535/largest[e.Priority]))
		}
		return uint16(max(1, uint64(e.Weight)*100/total[e.Priority]))
	}
}

// exchanges answers MX from the records marked as mail.
func (a *answering) exchanges(zone *Zone, q dns.Question, set entrySet) {
	set.entries = set.with(func(e table.Entry) bool { return e.Mail && hasHost(e) })
	ttl := set.ttl(a.TTL)
	for _, e := range set.entries {
		target := a.target(zone, e)
		if a.once(said{q.Name, dns.TypeMX, target, e.Priority, 0}) {
			a.add(&dns.MX{Hdr: header(q.Name, dns.TypeMX, ttl), Preference: e.Priority, Mx: target}, e.Priority, 1)
		}
		a.reach(e, target, ttl)
	}
}

// target is the name a client is sent to: the host that is a name; for an
// address the record's own name, less targetstrip labels but within the zone.
func (a *answering) target(zone *Zone, e table.Entry) string {
	if e.Host != "" {
		return fqdn(e.Host)
	}
	name := e.Name
	for range e.TargetStrip {
		if len(name) == len(zone.wire) {
			break
		}
		name = name[1+name[0]:]
	}
	return presentation(name)
}

// reach adds the addresses of a target as further records.
func (a *answering) reach(e table.Entry, target string, ttl uint32) {
	if e.Addr.IsValid() {
		a.further(target, e.Addr, ttl)
		return
	}
	if a.reached == maxReached || !a.once(said{owner: target}) {
		return
	}
	wire, ok := wireName(target)
	if !ok {
		return
	}
	zone := a.zone(wire)
	if zone == nil {
		return
	}
	a.reached++
	set, _, _ := a.find(zone, wire)
	for _, e := range set.addressed() {
		a.further(target, e.Addr, set.ttl(a.TTL))
	}
}

// texts answers TXT, in strings of at most 255 bytes.
func (a *answering) texts(q dns.Question, set entrySet) {
	set.entries = slices.DeleteFunc(slices.Clone(set.entries), func(e table.Entry) bool { return e.Text == "" || len(e.Text) > maxText })
	ttl := set.ttl(a.TTL)
	for _, e := range set.entries {
		txt := &dns.TXT{Hdr: header(q.Name, dns.TypeTXT, ttl)}
		for chunk := range slices.Chunk([]byte(e.Text), 255) {
			txt.Txt = append(txt.Txt, escapeText(chunk))
		}
		if a.once(said{owner: q.Name, rrtype: dns.TypeTXT, data: e.Text}) {
			a.add(txt, 0, 1)
		}
	}
}

// given answers with records that name the type and spell out the data, if
// there are any of this type.
func (a *answering) given(q dns.Question, set entrySet) bool {
	set.entries = set.with(func(e table.Entry) bool { return e.Type == q.Qtype })
	ttl := set.ttl(a.TTL)
	for _, e := range set.entries {
		rr, err := table.ParseData(e.Type, e.Data)
		if err != nil || !a.once(said{owner: q.Name, rrtype: e.Type, data: e.Data}) {
			continue // it parsed when it was read
		}
		*rr.Header() = header(q.Name, e.Type, ttl)
		a.add(rr, e.Priority, e.Weight)
	}
	return len(set.entries) > 0
}

// escapeText writes bytes as the library's master file format wants them.
func escapeText(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		switch {
		case c == '\\' || c == '"':
			s.WriteByte('\\')
			s.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&s, `\%03d`, c)
		default:
			s.WriteByte(c)
		}
	}
	return s.String()
}
