package server

import (
	"strings"
	"testing"

	"rundock/dnsd/answer"
	"rundock/dnsd/metrics"

	"github.com/miekg/dns"
)

// TestSeveralZones asks a zone, one below it, and one elsewhere.
func TestSeveralZones(t *testing.T) {
	h := handler(t, map[string]string{
		"/skydns/com/example/prod/s/web/a":      `{"host":"10.1.0.1","ttl":9}`,
		"/skydns/com/example/prod/s/east/web/a": `{"host":"10.2.0.1","ttl":9}`,
		"/skydns/com/example/prod/s/alias":      `{"host":"far.corp.example","ttl":9}`,
		"/skydns/example/corp/far":              `{"host":"web.east.s.prod.example.com","ttl":8}`,
	})
	for _, name := range []string{"east.s.prod.example.com", "corp.example"} {
		zone, err := answer.NewZone(name)
		if err != nil {
			t.Fatal(err)
		}
		h.Answers.Zones = append(h.Answers.Zones, zone)
	}
	h.Answers.NegativeTTL = 7
	h.Metrics = metrics.New("test", h.Answers.Table, "s.prod.example.com.", "east.s.prod.example.com.", "corp.example.")
	server := serve(t, h)
	for _, c := range []struct {
		name  string
		qtype uint16
		want  string
	}{
		{"east.s.prod.example.com.", dns.TypeSOA, `NOERROR aa
			east.s.prod.example.com. 30 IN SOA ns.dns.east.s.prod.example.com. hostmaster.east.s.prod.example.com. 1 3600 600 86400 7`},
		{"corp.example.", dns.TypeNS, `NOERROR aa
			corp.example. 30 IN NS ns.dns.corp.example.
			;; additional
			ns.dns.corp.example. 30 IN A 10.1.0.2`},
		{"nope.east.s.prod.example.com.", dns.TypeA, `NXDOMAIN aa
			;; authority
			east.s.prod.example.com. 7 IN SOA ns.dns.east.s.prod.example.com. hostmaster.east.s.prod.example.com. 1 3600 600 86400 7`},
		{"web.s.prod.example.com.", dns.TypeTXT, `NOERROR aa
			;; authority
			s.prod.example.com. 7 IN SOA ns.dns.s.prod.example.com. hostmaster.s.prod.example.com. 1 3600 600 86400 7`},
		{"web.east.s.prod.example.com.", dns.TypeA, `NOERROR aa
			web.east.s.prod.example.com. 9 IN A 10.2.0.1`},
		{"alias.s.prod.example.com.", dns.TypeA, `NOERROR aa
			alias.s.prod.example.com. 9 IN CNAME far.corp.example.
			far.corp.example. 8 IN CNAME web.east.s.prod.example.com.
			web.east.s.prod.example.com. 9 IN A 10.2.0.1`},
		{"example.", dns.TypeA, "REFUSED"},
	} {
		for _, network := range []string{"udp", "tcp"} {
			if got, want := written(ask(t, network, server, question(c.name, c.qtype))), sorted(t, strings.ReplaceAll(c.want, "\t", "")); got != want {
				t.Errorf("answer(%q %s) over %s is\n%s\nwant\n%s", c.name, dns.TypeToString[c.qtype], network, got, want)
			}
		}
	}
}

func TestTheSerialIsTheRevision(t *testing.T) {
	h := handler(t, instances("web", 1))
	server := serve(t, h)
	serial := func(name string, qtype uint16) uint32 {
		t.Helper()
		reply := ask(t, "udp", server, question(name, qtype))
		for _, rr := range append(reply.Answer, reply.Ns...) {
			if soa, ok := rr.(*dns.SOA); ok {
				return soa.Serial
			}
		}
		t.Fatalf("no SOA: %v", reply)
		return 0
	}
	for _, revision := range []int64{1, 2, 70_000, 1<<32 + 5} {
		if revision > 1 {
			update(h.Answers.Table, revision, map[string]string{"/skydns/com/example/prod/s/db/a": `{"host":"10.1.0.7"}`})
		}
		for _, q := range []dns.Question{{Name: "s.prod.example.com.", Qtype: dns.TypeSOA}, {Name: "web.s.prod.example.com.", Qtype: dns.TypeTXT}, {Name: "nope.s.prod.example.com.", Qtype: dns.TypeA}} {
			if got := serial(q.Name, q.Qtype); got != uint32(revision) {
				t.Errorf("at revision %d %s has serial %d", revision, q.Name, got)
			}
		}
	}
}

// However small the replies, who asks often sees every record.
func TestSmallRepliesShowAllInTurn(t *testing.T) {
	server, seen := serve(t, handler(t, instances("web", 60))), map[string]bool{}
	for tries := 0; len(seen) < 60 && tries < 1000; tries++ {
		reply := ask(t, "udp", server, question("web.s.prod.example.com.", dns.TypeSRV))
		if !reply.Truncated {
			t.Fatalf("60 SRV records fit: %v", reply)
		}
		for _, rr := range reply.Answer {
			seen[rr.(*dns.SRV).Target] = true
		}
	}
	if len(seen) != 60 {
		t.Errorf("1000 truncated replies show %d of 60", len(seen))
	}
}
