package server

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/miekg/dns"
)

const inZone = prefix + "/com/example/prod/s/"

// A cap limits what is given and never decides what exists; and each turn
// gives others.
func TestACapLimitsWhatIsGivenAlone(t *testing.T) {
	records := map[string]string{inZone + "rare/node-1": `{"text":"one of its kind"}`}
	for i := range 1500 {
		records[fmt.Sprintf(inZone+"many/n%d", i)] = fmt.Sprintf(`{"host":"10.1.%d.%d","port":80}`, i/250, i%250)
	}
	for i := range 8100 {
		records[fmt.Sprintf(inZone+"svc-%d/node-1", i)] = fmt.Sprintf(`{"host":"10.2.%d.%d","port":8080}`, i/250, i%250)
	}
	for i := range 7 {
		records[fmt.Sprintf(inZone+"team/s%d/i1", i)] = `{"host":"10.3.0.1","port":8080,"group":"main"}`
	}
	for i := range 40 {
		records[fmt.Sprintf(inZone+"shared/n%d", i)] = `{"host":"10.4.0.1"}`
		records[fmt.Sprintf(prefix+"/com/example/others/n%d", i)] = `{"host":"10.4.0.1"}`
	}
	h := handler(t, records)
	for _, c := range []struct {
		name  string
		qtype uint16
		rcode int
		given int // answers at once, or a little less where some are doubles
		all   int // different ones that 60 replies have at least
	}{
		{"many.s.prod.example.com.", dns.TypeA, dns.RcodeSuccess, 1000, 1500},
		{"many.s.prod.example.com.", dns.TypeAAAA, dns.RcodeSuccess, 0, 0},
		{"_http._tcp.many.s.prod.example.com.", dns.TypeA, dns.RcodeSuccess, 1000, 1500},
		{"s.prod.example.com.", dns.TypeA, dns.RcodeSuccess, 1000, 8100},
		{"s.prod.example.com.", dns.TypeAAAA, dns.RcodeSuccess, 0, 0},
		{"s.prod.example.com.", dns.TypeTXT, dns.RcodeSuccess, 1, 1},
		{"s.prod.example.com.", dns.TypeCAA, dns.RcodeSuccess, 0, 0},
		{"_8080._tcp.s.prod.example.com.", dns.TypeA, dns.RcodeSuccess, 1000, 8100},
		{"_8080._tcp.s.prod.example.com.", dns.TypeTXT, dns.RcodeSuccess, 0, 0},
		{"_9999._tcp.s.prod.example.com.", dns.TypeA, dns.RcodeNameError, 0, 0},
		{"_tcp.s.prod.example.com.", dns.TypeA, dns.RcodeSuccess, 0, 0},
		{"_tcp.team.s.prod.example.com.", dns.TypeA, dns.RcodeSuccess, 0, 0},
		{"_8080._tcp.team.s.prod.example.com.", dns.TypeA, dns.RcodeSuccess, 1, 1},
		{"any.s.prod.example.com.", dns.TypeA, dns.RcodeSuccess, 1000, 8100},
		{"any.s.prod.example.com.", dns.TypeTXT, dns.RcodeSuccess, 1, 1},
		{"node-1.any.s.prod.example.com.", dns.TypeA, dns.RcodeSuccess, 1000, 8100},
		{"nope.any.s.prod.example.com.", dns.TypeA, dns.RcodeNameError, 0, 0},
		{"1.0.4.10.in-addr.arpa.", dns.TypePTR, dns.RcodeSuccess, maxPointers, 40},
	} {
		seen, r := map[string]bool{}, rand.New(rand.NewPCG(1, 2))
		for range 60 {
			reply := new(dns.Msg)
			if err := reply.Unpack(overTCP(t, h, question(c.name, c.qtype), r.Uint32())); err != nil {
				t.Fatal(err)
			}
			if reply.Rcode != c.rcode || len(reply.Answer) > c.given || len(reply.Answer) < c.given*9/10 || reply.Truncated {
				t.Errorf("answer(%q %s) over TCP is %s, TC %v, with %d answers, want %s with %d",
					c.name, dns.TypeToString[c.qtype], dns.RcodeToString[reply.Rcode], reply.Truncated, len(reply.Answer), dns.RcodeToString[c.rcode], c.given)
				break
			}
			for _, rr := range reply.Answer {
				seen[rr.String()] = true
			}
		}
		if len(seen) < c.all*9/10 {
			t.Errorf("answer(%q %s): 60 replies have %d different records of %d", c.name, dns.TypeToString[c.qtype], len(seen), c.all)
		}
	}
	reply := new(dns.Msg)
	if err := reply.Unpack(overTCP(t, h, question("s.prod.example.com.", dns.TypeSRV), 1<<31)); err != nil || len(reply.Answer) < 500 {
		t.Errorf("the apex has %d SRV records over TCP, %v", len(reply.Answer), err)
	}
}

// maxPointers is how many names a reverse lookup lists.
const maxPointers = 16

// The ready answers of a name that has more than one can have are made anew now and
// then, so that over UDP all come their turn as well.
func TestReadyAnswersOfManyRecordsShowAllInTurn(t *testing.T) {
	h := handler(t, instances("many", 1500))
	w, out, seen, r := plainly(h), make([]byte, h.MaxUDP), map[string]bool{}, rand.New(rand.NewPCG(1, 2))
	for _, qtype := range []uint16{dns.TypeA, dns.TypeSRV} {
		packet, _ := question("many.s.prod.example.com.", qtype).SetEdns0(1232, false).Pack()
		for tries := 0; len(seen) < 1500 && tries < 50_000; tries++ {
			reply := new(dns.Msg)
			if err := reply.Unpack(out[:w.plain(packet, out, r.Uint32())]); err != nil || !reply.Truncated {
				t.Fatalf("TC %v, %v", reply.Truncated, err)
			}
			for _, rr := range reply.Answer {
				seen[rr.String()] = true
			}
		}
		if len(seen) != 1500 {
			t.Errorf("50000 replies show %d of 1500 %s records", len(seen), dns.TypeToString[qtype])
		}
		clear(seen)
	}
}

// overTCP is the reply to m over TCP, in a turn.
func overTCP(t *testing.T, h *Handler, m *dns.Msg, turn uint32) []byte {
	t.Helper()
	packet, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	client := local(h)
	client.TCP = true
	reply, later := h.serve(packet, client, turn)
	if later != nil {
		reply = later(t.Context())
	}
	return reply
}
