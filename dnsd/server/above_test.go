package server

import (
	"testing"

	"rundock/dnsd/answer"

	"github.com/miekg/dns"
)

// Names above ours exist, whatever upstreams know of them: where they do not,
// nothing would be below them (RFC 8020), and who minimises names (RFC 9156) never
// comes to ours.
func TestNamesAboveOursExist(t *testing.T) {
	records := map[string]string{
		"/skydns/com/example/prod/s/web/a":  `{"host":"10.1.0.1"}`,
		"/skydns/com/example/prod/s/pub/a":  `{"host":"203.0.113.9"}`,
		"/skydns/arpa/in-addr/198/51/100/7": `{"host":"x.example.com"}`,
	}
	denies := func(authority ...string) func(dns.ResponseWriter, *dns.Msg) {
		return func(w dns.ResponseWriter, m *dns.Msg) {
			reply := new(dns.Msg).SetRcode(m, dns.RcodeNameError)
			for _, s := range authority {
				rr, err := dns.NewRR(s)
				if err != nil {
					panic(err)
				}
				reply.Ns = append(reply.Ns, rr)
			}
			w.WriteMsg(reply)
		}
	}
	const (
		theirs  = "arpa. 60 IN SOA ns.arpa. h.arpa. 1 2 3 4 5"
		proof   = "a.example.com. 60 IN NSEC z.example.com. A"
		private = "\n;; authority\n10.in-addr.arpa. 2 IN SOA 10.in-addr.arpa. nobody.invalid. 1 3600 600 86400 2"
		ours    = "\n;; authority\ns.prod.example.com. 2 IN SOA ns.dns.s.prod.example.com. hostmaster.s.prod.example.com. 1 3600 600 86400 2"
	)
	for _, c := range []struct {
		claim, name string
		upstream    func(dns.ResponseWriter, *dns.Msg)
		undesired   bool // RD is not set
		want        string
	}{
		{"above a private address of ours", "0.1.10.in-addr.arpa.", denies(theirs), false, "NOERROR aa" + private},
		{"up to where others begin", "10.in-addr.arpa.", denies(theirs), false, "NOERROR aa" + private},
		{"also for who wants no recursion", "1.10.in-addr.arpa.", denies(theirs), true, "NOERROR aa" + private},
		{"where upstreams know more, that counts", "1.10.in-addr.arpa.", saying("1.10.in-addr.arpa. 60 IN NS ns.example.net."), false, "NOERROR\n1.10.in-addr.arpa. 60 IN NS ns.example.net."},
		{"above a public address of ours", "113.0.203.in-addr.arpa.", denies(theirs), false, "NOERROR\n;; authority\n" + theirs},
		{"above a reverse name that is stored", "51.198.in-addr.arpa.", denies(theirs), false, "NOERROR\n;; authority\n" + theirs},
		{"beside them they do not", "52.198.in-addr.arpa.", denies(theirs), false, "NXDOMAIN\n;; authority\n" + theirs},
		{"nor do private ones", "9.10.in-addr.arpa.", denies(theirs), false, "NXDOMAIN\n;; authority\n" + theirs},
		{"above a zone of ours", "prod.example.com.", denies(theirs), false, "NOERROR\n;; authority\n" + theirs},
		{"above a stub zone", "corp.example.", denies(theirs), false, "NOERROR\n;; authority\n" + theirs},
		{"a denial with proof is left as it is", "prod.example.com.", denies(proof), false, "NXDOMAIN\n;; authority\n" + proof},
		{"beside a zone of ours they do not", "pro.example.com.", denies(theirs), false, "NXDOMAIN\n;; authority\n" + theirs},
		{"in a zone, above another one", "cluster.s.prod.example.com.", denies(theirs), false, "NOERROR aa" + ours},
		{"and above a stub zone", "k8s.s.prod.example.com.", denies(theirs), false, "NOERROR aa" + ours},
	} {
		h := handler(t, records)
		forwarding(h, upstream(t, c.upstream))
		h.Answers.Zones = append(h.Answers.Zones, zoneOf(t, "east.cluster.s.prod.example.com"))
		h.Answers.Stubs = []answer.Zone{zoneOf(t, "svc.k8s.s.prod.example.com"), zoneOf(t, "far.corp.example")}
		m := question(c.name, dns.TypeNS)
		m.RecursionDesired = !c.undesired
		if got, want := written(ask(t, "udp", serve(t, h), m)), sorted(t, c.want); got != want {
			t.Errorf("%s: answer(%q) is\n%s\nwant\n%s", c.claim, c.name, got, want)
		}
	}
}
