package bench

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// beside are names of other kinds than a site's services, as records and as
// lines of the zone file.
var beside = struct {
	records map[string]string
	zone    string
}{map[string]string{
	"/skydns/com/example/prod/s/two/a":       `{"host":"10.99.0.1","port":80,"priority":1,"ttl":30}`,
	"/skydns/com/example/prod/s/two/b":       `{"host":"10.99.0.2","port":81,"priority":2,"ttl":30}`,
	"/skydns/com/example/prod/s/six/a":       `{"host":"fd00::1","port":80,"ttl":30}`,
	"/skydns/com/example/prod/s/alias":       `{"host":"svc-1.s.prod.example.com","ttl":30}`,
	"/skydns/com/example/prod/s/note/a":      `{"text":"a text of words","ttl":30}`,
	"/skydns/com/example/prod/s/post/mx1":    `{"host":"10.99.0.6","mail":true,"priority":5,"ttl":30}`,
	"/skydns/com/example/prod/s/deep/er/a":   `{"host":"10.99.0.3","port":80,"ttl":30}`,
	"/skydns/com/example/prod/s/grouped/a":   `{"host":"10.99.0.4","port":80,"group":"main","ttl":30}`,
	"/skydns/com/example/prod/s/grouped/b/c": `{"host":"10.99.0.5","port":90,"group":"_b","ttl":30}`,
}, `
two A 10.99.0.1
two A 10.99.0.2
two SRV 1 100 80 a.two
two SRV 2 100 81 b.two
six AAAA fd00::1
six SRV 10 100 80 a.six
alias CNAME svc-1
note TXT "a text of words"
post MX 5 mx1.post
post A 10.99.0.6
deep A 10.99.0.3
er.deep A 10.99.0.3
a.er.deep A 10.99.0.3
grouped A 10.99.0.4
grouped SRV 10 100 80 a.grouped
c.b.grouped A 10.99.0.5
c.b.grouped SRV 10 100 90 c.b.grouped
`}

// TestServersAnswerAlike asks all servers about the same names: Knot and NSD
// of the zone file, dnsd (and CoreDNS, if there is one) of the records in etcd.
func TestServersAnswerAlike(t *testing.T) {
	need(t, "knotd", "nsd", "taskset")
	s := newSite(t, 20)
	s.beside = true
	servers := slices.DeleteFunc(s.start(t), func(p *process) bool { return p.static })
	for _, question := range []string{
		"svc-0 A", "SVC-19 A", "svc-0 AAAA", "svc-0 SRV", "node-1.svc-3 A", "node-9.svc-3 A", "x.node-1.svc-3 A", "svc-20 A", "svc-20 SRV",
		"two A", "two SRV", "six AAAA", "six A", "six SRV", "alias A", "alias CNAME", "note TXT", "note A", "post MX", "post TXT",
		"deep A", "er.deep A", "er.deep TXT", "grouped A", "grouped SRV", "c.b.grouped SRV",
	} {
		want := servers[0].answer(t, question)
		for _, p := range servers[1:] {
			if got := p.answer(t, question); got != want {
				t.Errorf("%s answers %s with\n%s\n%s with\n%s", p.name, question, got, servers[0].name, want)
			}
		}
	}
}

// answer is a reply in zone-file syntax: rcode, flags, sorted answers, and
// whether a negative one comes with the SOA.
func (p *process) answer(t *testing.T, question string) string {
	t.Helper()
	name, qtype, _ := strings.Cut(question, " ")
	m := new(dns.Msg).SetQuestion(name+"."+zone+".", dns.StringToType[qtype]).SetEdns0(4096, false)
	c := dns.Client{Timeout: 30 * time.Second}
	reply, _, err := c.Exchange(m, p.address)
	if err != nil {
		t.Fatalf("%s does not answer %s: %v", p.name, question, err)
	}
	var lines []string
	for _, rr := range reply.Answer {
		lines = append(lines, strings.ToLower(rr.String()))
	}
	slices.Sort(lines)
	negative := len(reply.Answer) == 0 && len(reply.Ns) == 1 && reply.Ns[0].Header().Rrtype == dns.TypeSOA
	return fmt.Sprintf("%s aa:%v soa:%v\n%s", dns.RcodeToString[reply.Rcode], reply.Authoritative, negative, strings.Join(lines, "\n"))
}
