package server

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"testing"

	"rundock/dnsd/metrics"
	"rundock/dnsd/table"

	"github.com/miekg/dns"
)

// local is a client on this host, over UDP.
func local(h *Handler) Client {
	return Client{AddrPort: netip.MustParseAddrPort("127.0.0.1:9"), Counts: h.Metrics.NewQueries(metrics.UDP)}
}

// instances are n records of one service.
func instances(service string, n int) map[string]string {
	records := map[string]string{}
	for i := range n {
		records[fmt.Sprintf("/skydns/com/example/prod/s/%s/node-%d", service, i)] = fmt.Sprintf(`{"host":"10.1.%d.%d","port":80}`, i/250, i%250+1)
	}
	return records
}

func TestReplyFits(t *testing.T) {
	server := serve(t, handler(t, instances("web", 60)))
	size := func(m *dns.Msg, n uint16) *dns.Msg { return m.SetEdns0(n, false) }
	t.Run("without EDNS in 512 bytes, with TC and whole records", func(t *testing.T) {
		reply := ask(t, "udp", server, question("web.s.prod.example.com.", dns.TypeA))
		reply.Compress = true // as Len is to count
		if n := len(reply.Answer); !reply.Truncated || n < 20 || n >= 60 || reply.Len() > 512 {
			t.Errorf("TC %v with %d answers in %d bytes", reply.Truncated, n, reply.Len())
		}
	})
	t.Run("in the size the client says, capped", func(t *testing.T) {
		reply := ask(t, "udp", server, size(question("web.s.prod.example.com.", dns.TypeA), 1100))
		if len(reply.Answer) != 60 || reply.Truncated {
			t.Errorf("1100 bytes: TC %v with %d answers", reply.Truncated, len(reply.Answer))
		}
		reply = ask(t, "udp", server, size(question("web.s.prod.example.com.", dns.TypeSRV), 4096))
		if n := len(reply.Answer); !reply.Truncated || n < 10 || len(reply.Extra) != 1 {
			t.Errorf("4096 bytes, capped at 1232: TC %v with %d answers and %d further", reply.Truncated, n, len(reply.Extra))
		}
	})
	t.Run("over TCP whole", func(t *testing.T) {
		reply := ask(t, "tcp", server, question("web.s.prod.example.com.", dns.TypeSRV))
		if reply.Truncated || len(reply.Answer) != 60 || len(reply.Extra) != 60 {
			t.Errorf("TC %v with %d answers and %d further", reply.Truncated, len(reply.Answer), len(reply.Extra))
		}
	})
	t.Run("additional records go first, without TC", func(t *testing.T) {
		server := serve(t, handler(t, instances("web", 9)))
		reply := ask(t, "udp", server, question("web.s.prod.example.com.", dns.TypeSRV))
		if n := len(reply.Extra); reply.Truncated || len(reply.Answer) != 9 || n == 0 || n == 9 {
			t.Errorf("TC %v with %d answers and %d further", reply.Truncated, len(reply.Answer), n)
		}
	})
}

func TestSRVTargetsAreNeverCompressed(t *testing.T) {
	reply := ask(t, "udp", serve(t, handler(t, instances("web", 3))), question("web.s.prod.example.com.", dns.TypeSRV))
	for _, rr := range reply.Answer {
		if want := 6 + len(rr.(*dns.SRV).Target) + 1; int(rr.Header().Rdlength) != want {
			t.Errorf("%s has %d bytes of data, want %d", rr, rr.Header().Rdlength, want)
		}
	}
}

func TestAnswersAreRotated(t *testing.T) {
	server := serve(t, handler(t, instances("web", 3)))
	first := map[string]bool{}
	for range 100 {
		first[ask(t, "udp", server, question("web.s.prod.example.com.", dns.TypeA)).Answer[0].String()] = true
	}
	if len(first) != 3 {
		t.Errorf("first in 100 answers were %v, want each of 3", first)
	}
}

func TestEDNS(t *testing.T) {
	server := serve(t, handler(t, instances("web", 1)))
	t.Run("an unknown version is BADVERS with our version", func(t *testing.T) {
		m := question("web.s.prod.example.com.", dns.TypeA).SetEdns0(1232, false)
		m.IsEdns0().SetVersion(1)
		reply := ask(t, "udp", server, m)
		if opt := reply.IsEdns0(); reply.Rcode != dns.RcodeBadVers || opt == nil || opt.Version() != 0 || len(reply.Answer) != 0 {
			t.Errorf("reply is %v", reply)
		}
	})
	t.Run("options are not echoed, Z is clear, DO is kept", func(t *testing.T) {
		m := question("web.s.prod.example.com.", dns.TypeA).SetEdns0(1232, true)
		m.IsEdns0().SetZ(0x7fff)
		m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_LOCAL{Code: 65001, Data: []byte("x")}}
		opt := ask(t, "udp", server, m).IsEdns0()
		if opt == nil || len(opt.Option) != 0 || !opt.Do() || opt.Z() != 0 || opt.UDPSize() != 1232 {
			t.Errorf("OPT is %v", opt)
		}
	})
	t.Run("none is added where none was asked for", func(t *testing.T) {
		if opt := ask(t, "udp", server, question("web.s.prod.example.com.", dns.TypeA)).IsEdns0(); opt != nil {
			t.Errorf("OPT is %v", opt)
		}
	})
	t.Run("CD and AD are clear in authoritative answers", func(t *testing.T) {
		m := question("web.s.prod.example.com.", dns.TypeA)
		m.CheckingDisabled, m.AuthenticatedData = true, true
		if reply := ask(t, "udp", server, m); reply.CheckingDisabled || reply.AuthenticatedData {
			t.Errorf("reply is %v", reply)
		}
	})
}

func TestOddPackets(t *testing.T) {
	h := handler(t, instances("web", 1))
	name := "03776562 0173 0470726f64 076578616d706c65 03636f6d 00"
	// A question and an additional record.
	oneMore, formerr := "1234 0000 0001 0000 0000 0001 "+name+"0001 0001 ", "1234 8001 0000 0000 0000 0000"
	formerrOPT := "1234 8001 0000 0000 0000 0001 00 0029 04d0 00000000 0000"
	subnet := func(length int, data string) string {
		return fmt.Sprintf("00 0029 1000 00000000 %04x 0008 %04x %s", 4+length, length, data)
	}
	for _, c := range []struct{ claim, packet, want string }{
		{"a reply gets none", "1234 8000 0001 0000 0000 0000 " + name + "0001 0001", ""},
		{"a short packet gets none", "1234 0000 0001", ""},
		{"an unknown opcode is NOTIMP", "1234 3100 0001 0000 0000 0000 " + name + "0001 0001", "1234 b104 0000 0000 0000 0000"},
		{"also with EDNS, which has nothing to do with it", "1234 2800 0001 0000 0000 0001 " + name + "0006 0001 00 0029 1000 00000000 0000", "1234 a804 0000 0000 0000 0001 00 0029 04d0 00000000 0000"},
		{"no question is FORMERR", "1234 0100 0000 0000 0000 0000", "1234 8101 0000 0000 0000 0000"},
		{"so is none beside an OPT record without a cookie", "1234 0000 0000 0000 0000 0001 00 0029 1000 00000000 0000", formerrOPT},
		{"two questions are FORMERR", "1234 0000 0002 0000 0000 0000 " + name + "0001 0001 " + name + "0001 0001", "1234 8001 0000 0000 0000 0000"},
		{"a cut question is FORMERR", "1234 0000 0001 0000 0000 0000 " + name + "0001", "1234 8001 0000 0000 0000 0000"},
		{"a name that points to itself is FORMERR", "1234 0000 0001 0000 0000 0000 c00c 0001 0001", "1234 8001 0000 0000 0000 0000"},
		{"a wrong count is FORMERR", "1234 0000 0001 0000 0000 0009 " + name + "0001 0001", "1234 8001 0000 0000 0000 0000"},
		{"two OPT records are FORMERR", "1234 0000 0001 0000 0000 0002 " + name + "0001 0001 00 0029 1000 00000000 0000 00 0029 1000 00000000 0000", formerrOPT},
		{"an OPT record whose owner is not the root is FORMERR", oneMore + "01 61 00 0029 1000 00000000 0000", formerr},
		{"so is one whose owner points to the root", oneMore + "c020 0029 1000 00000000 0000", formerr},
		{"so is one among the answers", "1234 0000 0001 0001 0000 0000 " + name + "0001 0001 00 0029 1000 00000000 0000", formerr},
		{"an option longer than its record is FORMERR", oneMore + "00 0029 1000 00000000 0004 fde9 0001", formerrOPT},
		{"a subnet of IPv4 with 33 bits is FORMERR", oneMore + subnet(9, "0001 21 00 c000020000"), formerrOPT},
		{"a subnet of IPv6 with 129 bits is FORMERR", oneMore + subnet(21, "0002 81 00 20010db8 00000000 00000000 00000000 00"), formerrOPT},
		{"a subnet with a scope is FORMERR in a question", oneMore + subnet(7, "0001 18 18 c00002"), formerrOPT},
		{"a subnet with fewer bytes than bits is FORMERR", oneMore + subnet(6, "0001 18 00 c000"), formerrOPT},
		{"a subnet with more bytes than bits is FORMERR", oneMore + subnet(8, "0001 18 00 c0000200"), formerrOPT},
		{"a subnet with bits after its own is FORMERR", oneMore + subnet(7, "0001 17 00 c00003"), formerrOPT},
		{"a subnet of an unknown family is FORMERR", oneMore + subnet(7, "0003 18 00 c00002"), formerrOPT},
		{"a subnet of no bytes is FORMERR", oneMore + subnet(0, ""), formerrOPT},
	} {
		t.Run(c.claim, func(t *testing.T) {
			if n := plainly(h).plain(unhex(t, c.packet), make([]byte, h.MaxUDP), 0); n != 0 {
				t.Errorf("it is answered plainly, with %d bytes", n)
			}
			reply, later := h.Serve(unhex(t, c.packet), local(h))
			if want := unhex(t, c.want); string(reply) != string(want) || later != nil {
				t.Errorf("reply is %x, want %x", reply, want)
			}
		})
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	var digits []byte
	for _, c := range []byte(s) {
		if c != ' ' {
			digits = append(digits, c)
		}
	}
	b, err := hex.DecodeString(string(digits))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBeforeTheFirstLoadNamesAreServfail(t *testing.T) {
	h := handler(t, nil)
	h.Answers.Table = table.New(prefix)
	if reply := ask(t, "udp", serve(t, h), question("web.s.prod.example.com.", dns.TypeA)); reply.Rcode != dns.RcodeServerFailure {
		t.Errorf("rcode = %s, want SERVFAIL", dns.RcodeToString[reply.Rcode])
	}
}

// FuzzServe holds replies to what every reply must be: parseable, of the
// query's id, no larger than allowed.
func FuzzServe(f *testing.F) {
	h := handler(f, instances("web", 40))
	for _, m := range []*dns.Msg{
		question("web.s.prod.example.com.", dns.TypeA),
		question("node-1.WEB.s.prod.example.com.", dns.TypeSRV).SetEdns0(4096, true),
		question("s.prod.example.com.", dns.TypeNS),
		question("1.0.1.10.in-addr.arpa.", dns.TypePTR),
	} {
		b, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, false)
		f.Add(b, true)
	}
	client := local(h)
	f.Fuzz(func(t *testing.T, packet []byte, tcp bool) {
		client.TCP = tcp
		reply, later := h.Serve(packet, client)
		if later != nil {
			t.Fatal("forwards without upstreams")
		}
		if reply == nil {
			if len(packet) >= headerLen && packet[2]&0x80 == 0 {
				t.Fatal("a query without reply")
			}
			return
		}
		var m dns.Msg
		if err := m.Unpack(reply); err != nil {
			t.Fatalf("reply %x: %v", reply, err)
		}
		if string(reply[:2]) != string(packet[:2]) || !m.Response || !tcp && len(reply) > 1232 {
			t.Fatalf("reply %x", reply)
		}
	})
}

// FuzzPlain holds the path of ready answers to what the library's says to the
// same packet.
func FuzzPlain(f *testing.F) {
	records := instances("web", 40)
	records["/skydns/com/example/prod/s/alias"] = `{"host":"web.s.prod.example.com"}`
	records["/skydns/com/example/prod/s/x/*"] = `{"host":"10.1.0.1","text":"t"}`
	h := handler(f, records)
	for _, m := range []*dns.Msg{
		question("web.s.prod.example.com.", dns.TypeA),
		question("alias.WEB.s.prod.example.com.", dns.TypeSRV).SetEdns0(4096, true),
		question("alias.s.prod.example.com.", dns.TypeAAAA),
		question("s.prod.example.com.", dns.TypeNS).SetEdns0(0, false),
		question("y.x.s.prod.example.com.", dns.TypeTXT),
		question("1.0.1.10.in-addr.arpa.", dns.TypePTR),
	} {
		b, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint32(1<<31))
	}
	w := plainly(h)
	f.Fuzz(func(t *testing.T, packet []byte, turn uint32) {
		comparePackets(t, h, w, packet, turn)
	})
}
