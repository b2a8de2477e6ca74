package answer

import (
	"fmt"
	"slices"
	"strings"

	"rundock/dnsd/table"

	"github.com/miekg/dns"
)

// addresses answers A and AAAA. Clients mostly take the first address, so those
// of the preferred priority come first, and each is first as often as its
// weight says.
func (a *answering) addresses(q dns.Question, set entrySet) {
	set.entries = set.addressed()
	ttl := set.ttl(a.TTL)
	asked := set.having(func(e table.Entry) bool { return e.Addr.Is4() == (q.Qtype == dns.TypeA) })
	for _, e := range a.some(asked, maxRecords) {
		if a.firstSeen(rrKey{owner: q.Name, rrtype: q.Qtype, data: e.Addr.String()}) {
			a.add(addressRR(q.Name, e.Addr, ttl), e.Priority, e.Weight)
		}
	}
}

// srvRecords answers SRV, by the records that have a port: nobody can connect to
// port 0.
func (a *answering) srvRecords(zone *Zone, q dns.Question, set entrySet) {
	ttl := set.ttl(a.TTL)
	hosts := set.having(func(e table.Entry) bool { return hasHost(e) && e.Port != 0 })
	weigh := a.weights(hosts)
	for _, e := range a.some(hosts, maxRecords) {
		target := a.target(zone, e)
		if a.firstSeen(rrKey{q.Name, dns.TypeSRV, target, e.Priority, e.Port}) {
			a.add(&dns.SRV{
				Hdr: header(q.Name, dns.TypeSRV, ttl), Target: target, Port: e.Port, Priority: e.Priority, Weight: weigh(e),
			}, e.Priority, e.Weight)
		}
		a.addAddressesOf(e, target, ttl)
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

// mailExchanges answers MX from the records marked as mail.
func (a *answering) mailExchanges(zone *Zone, q dns.Question, set entrySet) {
	set.entries = set.having(func(e table.Entry) bool { return e.Mail && hasHost(e) })
	ttl := set.ttl(a.TTL)
	for _, e := range a.some(set.entries, maxRecords) {
		target := a.target(zone, e)
		if a.firstSeen(rrKey{q.Name, dns.TypeMX, target, e.Priority, 0}) {
			a.add(&dns.MX{Hdr: header(q.Name, dns.TypeMX, ttl), Preference: e.Priority, Mx: target}, e.Priority, 1)
		}
		a.addAddressesOf(e, target, ttl)
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

// addAddressesOf adds the addresses of a target to the additional section.
func (a *answering) addAddressesOf(e table.Entry, target string, ttl uint32) {
	if e.Addr.IsValid() {
		a.addAdditional(target, e.Addr, ttl)
		return
	}
	if a.reached == maxReached || !a.firstSeen(rrKey{owner: target}) {
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
	set, _, _ := a.find(zone, wire, wanted{qtype: dns.TypeA})
	for _, e := range set.addressed() {
		a.addAdditional(target, e.Addr, set.ttl(a.TTL))
	}
}

// texts answers TXT, in strings of at most 255 bytes.
func (a *answering) texts(q dns.Question, set entrySet) {
	set.entries = set.having(func(e table.Entry) bool { return e.Text != "" && len(e.Text) <= MaxText })
	ttl := set.ttl(a.TTL)
	for _, e := range a.some(set.entries, maxRecords) {
		txt := &dns.TXT{Hdr: header(q.Name, dns.TypeTXT, ttl)}
		for chunk := range slices.Chunk([]byte(e.Text), 255) {
			txt.Txt = append(txt.Txt, escapeText(chunk))
		}
		if a.firstSeen(rrKey{owner: q.Name, rrtype: dns.TypeTXT, data: e.Text}) {
			a.add(txt, 0, 1)
		}
	}
}

// verbatim answers with records that name the type and spell out the data.
func (a *answering) verbatim(q dns.Question, set entrySet) {
	set.entries = set.having(func(e table.Entry) bool { return e.Type == q.Qtype })
	ttl := set.ttl(a.TTL)
	for _, e := range a.some(set.entries, maxRecords) {
		rr, err := table.ParseData(e.Type, e.Data)
		if err != nil || !a.firstSeen(rrKey{owner: q.Name, rrtype: e.Type, data: e.Data}) {
			continue // it parsed when it was read
		}
		*rr.Header() = header(q.Name, e.Type, ttl)
		a.add(rr, e.Priority, e.Weight)
	}
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
