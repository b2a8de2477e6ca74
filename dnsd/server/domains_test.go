package server

import (
	"net/netip"
	"slices"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// TestNamesWithoutADomainAreNotToldToOthers has a client whose names are looked for in a
// domain ask for what is there, for what is not, and for names of others.
func TestNamesWithoutADomainAreNotToldToOthers(t *testing.T) {
	var mu sync.Mutex
	var told []string
	h := handler(t, map[string]string{
		"/skydns/com/example/prod/s/shop/web/1":   `{"host":"10.192.0.2","ttl":5}`,
		"/skydns/com/example/prod/s/shop/cdn/1":   `{"host":"www.example.net"}`,
		"/skydns/com/example/prod/s/blog/posts/1": `{"host":"10.192.16.2"}`,
	})
	up := upstream(t, func(w dns.ResponseWriter, m *dns.Msg) {
		mu.Lock()
		told = append(told, m.Question[0].Name+" "+dns.TypeToString[m.Question[0].Qtype])
		mu.Unlock()
		saying("www.example.net. 60 IN A 192.0.2.80")(w, m)
	})
	forwarding(h, up)
	stack := []string{"shop.s.prod.example.com."}
	h.Domains = func(client netip.Addr) []string {
		if client.Unmap() == netip.MustParseAddr("127.0.0.1") {
			return stack
		}
		return nil
	}
	server := serve(t, h)
	for _, q := range []struct {
		name  string
		qtype uint16
		want  string
	}{
		{"web.", dns.TypeA, "NOERROR 1"}, {"web.", dns.TypeAAAA, "NOERROR 0"}, {"posts.", dns.TypeA, "NOERROR 0"}, {"typo.", dns.TypeA, "NOERROR 0"},
		{"cdn.", dns.TypeA, "NOERROR 2"}, {"www.example.net.", dns.TypeA, "NOERROR 1"}, {"com.", dns.TypeNS, "NOERROR 1"},
	} {
		reply := ask(t, "udp", server, question(q.name, q.qtype))
		if got := dns.RcodeToString[reply.Rcode] + " " + string(rune('0'+len(reply.Answer))); got != q.want {
			t.Errorf("answer(%s %s) = %s, want %s:\n%v", q.name, dns.TypeToString[q.qtype], got, q.want, reply)
		}
	}
	stack = nil // it is another client now
	if reply := ask(t, "udp", server, question("web.", dns.TypeA)); len(reply.Answer) != 1 || reply.Answer[0].Header().Name != "www.example.net." {
		t.Errorf("of a client in no network, web is answered by\n%v\nwant the upstream's", reply)
	}
	slices.Sort(told)
	if want := []string{"com. NS", "web. A", "www.example.net. A"}; !slices.Equal(slices.Compact(told), want) {
		t.Errorf("the upstream was asked for %v, want %v", told, want)
	}
}

// BenchmarkWithoutADomain is a name of a stack, as a container asks for it.
func BenchmarkWithoutADomain(b *testing.B) {
	h := handler(b, map[string]string{"/skydns/com/example/prod/s/shop/web/1": `{"host":"10.192.0.2","ttl":5}`})
	domains := []string{"_front.shop.s.prod.example.com.", "shop.s.prod.example.com."}
	h.Domains = func(netip.Addr) []string { return domains }
	packet, err := question("web.", dns.TypeA).Pack()
	if err != nil {
		b.Fatal(err)
	}
	client := local(h)
	for b.Loop() {
		h.Serve(packet, client)
	}
}
