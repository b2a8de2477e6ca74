package inspect

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"rundock/dnsd/answer"

	"github.com/miekg/dns"
)

// compare asks the dnsd that runs, and returns which one that was and what its
// reply has other than want: "", "" where there is none to ask.
func (l *looking) compare(q dns.Question, want answer.Result) (server, differs string) {
	server = l.server
	for _, a := range l.settings.Listen {
		if _, err := netip.ParseAddr(a.Host); err == nil && server == "" {
			server = a.String()
		}
	}
	if _, _, err := net.SplitHostPort(server); err != nil || want.Elsewhere {
		return "", ""
	}
	client := dns.Client{Net: "tcp", Timeout: 3 * time.Second}
	m := new(dns.Msg).SetQuestion(q.Name, q.Qtype)
	m.RecursionDesired = want.Continue != ""
	reply, _, err := client.Exchange(m, server)
	if err != nil {
		return server, "no answer: " + err.Error()
	}
	if want.Partial() && len(want.Answer) > 0 && len(reply.Answer) > 0 {
		want.Answer, reply.Answer = nil, nil // others each time
	}
	return server, difference(want.Rcode, sent(want.Answer), reply, want.Continue != "")
}

// sent are records as whoever receives them writes their names: a space, for one, may be escaped in two ways.
func sent(records []dns.RR) []dns.RR {
	wire, err := (&dns.Msg{Answer: records}).Pack()
	received := new(dns.Msg)
	if err != nil || received.Unpack(wire) != nil {
		return records
	}
	return received.Answer
}

// difference says what a reply has other than expected, in any order; more
// says that an upstream's records may follow.
func difference(rcode int, want []dns.RR, reply *dns.Msg, more bool) string {
	if reply.Rcode != rcode && !more {
		return "it answers " + dns.RcodeToString[reply.Rcode]
	}
	var missing, extra []string
	have := reply.Answer
	for _, rr := range want {
		if !slices.ContainsFunc(have, func(h dns.RR) bool { return dns.IsDuplicate(h, rr) }) {
			missing = append(missing, rr.String())
		}
	}
	for _, rr := range have {
		if !more && !slices.ContainsFunc(want, func(w dns.RR) bool { return dns.IsDuplicate(w, rr) }) {
			extra = append(extra, rr.String())
		}
	}
	var parts []string
	if len(missing) > 0 {
		parts = append(parts, "it lacks "+strings.Join(missing, "; "))
	}
	if len(extra) > 0 {
		parts = append(parts, "it has besides "+strings.Join(extra, "; "))
	}
	return strings.Join(parts, ", and ")
}
