package server

import (
	"net/netip"
	"slices"
	"testing"

	"rundock/dnsd/answer"
	"rundock/dnsd/forward"

	"github.com/miekg/dns"
)

// denying is an upstream that knows a signed zone above, where proof is of a
// delegation without DS, and says NXDOMAIN without it.
func denying(proof string) func(dns.ResponseWriter, *dns.Msg) {
	return func(w dns.ResponseWriter, m *dns.Msg) {
		reply := new(dns.Msg).SetReply(m)
		if proof == "" {
			reply.Rcode = dns.RcodeNameError
		} else {
			rr, err := dns.NewRR(proof)
			if err != nil {
				panic(err)
			}
			reply.Ns = []dns.RR{rr}
		}
		w.WriteMsg(reply)
	}
}

// TestDelegations asks for DS, which the zone above has.
func TestDelegations(t *testing.T) {
	const (
		soa     = "\n;; authority\ns.prod.example.com. 2 IN SOA ns.dns.s.prod.example.com. hostmaster.s.prod.example.com. 1 3600 600 86400 2"
		outside = "\n;; authority\nexample.com. 2 IN SOA ns.dns.example.com. hostmaster.example.com. 1 3600 600 86400 2"
		nsec    = "s.prod.example.com. 60 IN NSEC t.prod.example.com. NS RRSIG NSEC"
		proven  = "NOERROR\n;; authority\n" + nsec
		reverse = "\n;; authority\n1.0.1.10.in-addr.arpa. 2 IN SOA ns.dns.1.0.1.10.in-addr.arpa. hostmaster.1.0.1.10.in-addr.arpa. 1 3600 600 86400 2"
	)
	for _, c := range []struct {
		claim, name, want string
		proof             string // of the upstream, if there is one
		without           bool   // there is none
		undesired         bool   // RD is not set
		zones, stubs      []string
	}{
		{claim: "the apex's are asked upstream", name: "s.prod.example.com.", proof: nsec, want: proven},
		{claim: "in any case", name: "S.prod.Example.com.", proof: nsec, want: "NOERROR\n;; authority\nS.prod.Example.com. 60 IN NSEC t.prod.example.com. NS RRSIG NSEC"},
		{claim: "a denial of the apex without proof is not believed", name: "s.prod.example.com.", want: "NOERROR aa" + soa},
		{claim: "who does not want recursion is told that the zone has none", name: "s.prod.example.com.", proof: nsec, undesired: true, want: "NOERROR aa" + soa},
		{claim: "so is who asks a server without upstreams", name: "s.prod.example.com.", without: true, want: "NOERROR aa" + soa},
		{claim: "names below are no delegations", name: "web.s.prod.example.com.", proof: nsec, want: "NOERROR aa" + soa},
		{claim: "names above are asked for as ever", name: "prod.example.com.", proof: nsec, want: proven},
		{claim: "where the zone above is ours it has none", name: "s.prod.example.com.", proof: nsec, zones: []string{"example.com"}, want: "NOERROR aa" + outside},
		{claim: "nor for a stub zone", name: "east.s.prod.example.com.", proof: nsec, stubs: []string{"east.s.prod.example.com."}, want: "NOERROR aa" + soa},
		{claim: "a stub zone above is asked for ours", name: "s.prod.example.com.", proof: nsec, stubs: []string{"prod.example.com."}, want: proven},
		{claim: "a stub zone elsewhere is not asked for itself", name: "corp.example.", proof: nsec, stubs: []string{"corp.example."}, want: proven},
		{claim: "nor is a reverse name of ours", name: "1.0.1.10.in-addr.arpa.", proof: nsec, want: proven},
		{claim: "of which we know that it has none", name: "1.0.1.10.in-addr.arpa.", proof: nsec, undesired: true, want: "NOERROR aa" + reverse},
	} {
		t.Run(c.claim, func(t *testing.T) {
			h := handler(t, map[string]string{"/skydns/com/example/prod/s/web": `{"host":"10.1.0.1"}`})
			for _, name := range c.zones {
				h.Answers.Zones = append(h.Answers.Zones, zoneOf(t, name))
			}
			if !c.without {
				forwarding(h, upstream(t, denying(c.proof)))
			}
			for _, name := range c.stubs {
				// The servers of a stub zone deny all that the zone above knows.
				servers := []netip.AddrPort{upstream(t, denying(""))}
				if slices.Contains(c.stubs, "prod.example.com.") {
					servers, h.Forwarder.Upstreams = h.Forwarder.Upstreams, servers
				}
				h.Forwarder.Stubs = append(h.Forwarder.Stubs, forward.Stub{Zone: name, Upstreams: servers})
				h.Answers.Stubs = append(h.Answers.Stubs, zoneOf(t, name))
			}
			m := question(c.name, dns.TypeDS)
			m.RecursionDesired = !c.undesired
			server := serve(t, h)
			for range 2 { // the second time from what is kept, if it is
				if got := written(ask(t, "udp", server, m)); got != sorted(t, c.want) {
					t.Errorf("answer(%q DS) is\n%s\nwant\n%s", c.name, got, sorted(t, c.want))
				}
			}
		})
	}
}

func TestARefusalOfTheZoneAboveIsNoneOfOurs(t *testing.T) {
	for _, rcode := range []int{dns.RcodeRefused, dns.RcodeServerFailure, dns.RcodeFormatError, dns.RcodeNotImplemented} {
		h := handler(t, map[string]string{"/skydns/com/example/prod/s/web": `{"host":"10.1.0.1"}`})
		forwarding(h, upstream(t, refusing(rcode)))
		if got := written(ask(t, "udp", serve(t, h), question("s.prod.example.com.", dns.TypeDS))); got != "SERVFAIL" {
			t.Errorf("answer to DS after %s of the upstream is %s, want SERVFAIL alone", dns.RcodeToString[rcode], got)
		}
	}
}

func zoneOf(t *testing.T, name string) answer.Zone {
	t.Helper()
	zone, err := answer.NewZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}
