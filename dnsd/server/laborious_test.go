package server

import (
	"fmt"
	"testing"

	"github.com/miekg/dns"
)

// What may take milliseconds is not done between the packets of others.
func TestFormsOfVeryManyNamesAreAnsweredBeside(t *testing.T) {
	records := map[string]string{}
	for i := range 9000 {
		records[fmt.Sprintf(inZone+"all/svc-%d/node-1", i)] = fmt.Sprintf(`{"host":"10.2.%d.%d","port":8080}`, i/250, i%250)
	}
	for i := range 3 {
		records[fmt.Sprintf(inZone+"all/svc-%d/special", i)] = `{"host":"10.3.0.1","port":8080}`
		records[fmt.Sprintf(inZone+"few/svc-%d/node-1", i)] = fmt.Sprintf(`{"host":"10.4.0.%d"}`, 1+i)
	}
	h := handler(t, records)
	for _, c := range []struct {
		name   string
		beside bool
		rcode  int
		given  int // over TCP, at least
	}{
		{"any.all.s", true, dns.RcodeSuccess, 1000},
		{"node-1.any.all.s", true, dns.RcodeSuccess, 1000},
		{"special.any.all.s", true, dns.RcodeSuccess, 1},
		{"nope.any.all.s", true, dns.RcodeNameError, 0},
		{"any.any.s", true, dns.RcodeSuccess, 1000},
		{"any.svc-7.all.s", false, dns.RcodeSuccess, 1},
		{"node-1.any.few.s", false, dns.RcodeSuccess, 3},
		{"any.few.s", false, dns.RcodeSuccess, 3},
		{"node-1.any.none.s", false, dns.RcodeNameError, 0},
		{"_8080._tcp.all.s", false, dns.RcodeSuccess, 1000},
		{"all.s", false, dns.RcodeSuccess, 1000},
	} {
		q := question(c.name+".prod.example.com.", dns.TypeA)
		packet, _ := q.Pack()
		udp := local(h)
		if _, later := h.serve(packet, udp, 1<<31); (later != nil) != c.beside {
			t.Errorf("answer(%q) is made beside: %v, want %v", c.name, later != nil, c.beside)
		}
		reply := new(dns.Msg)
		if err := reply.Unpack(overTCP(t, h, q, 1<<31)); err != nil || reply.Rcode != c.rcode || len(reply.Answer) < c.given*9/10 {
			t.Errorf("answer(%q) is %s with %d records, %v; want %s with %d", c.name, dns.RcodeToString[reply.Rcode], len(reply.Answer), err, dns.RcodeToString[c.rcode], c.given)
		}
	}
}

// Over UDP no more is put together of very many than could fit, and the client is told
// to ask over TCP.
func TestOverUDPVeryManyAreTruncated(t *testing.T) {
	records := map[string]string{}
	for i := range 9000 {
		records[fmt.Sprintf(inZone+"svc-%d/node-1", i)] = fmt.Sprintf(`{"host":"10.2.%d.%d","port":8080}`, i/250, i%250)
	}
	h := handler(t, records)
	for _, name := range []string{"s", "_8080._tcp.s", "any.s"} {
		for _, qtype := range []uint16{dns.TypeA, dns.TypeSRV} {
			packet, _ := question(name+".prod.example.com.", qtype).SetEdns0(4096, false).Pack()
			reply, later := h.serve(packet, local(h), 1<<31)
			if later != nil {
				reply = later(t.Context())
			}
			m := new(dns.Msg)
			if err := m.Unpack(reply); err != nil || !m.Truncated || len(reply) < h.MaxUDP-100 || len(reply) > h.MaxUDP {
				t.Errorf("answer(%s %s) over UDP has %d bytes, TC %v, %v; want nearly %d and TC", name, dns.TypeToString[qtype], len(reply), m.Truncated, err, h.MaxUDP)
			}
		}
	}
}
