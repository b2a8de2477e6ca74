package server

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"rundock/dnsd/answer"
	"rundock/dnsd/forward"
	"rundock/dnsd/metrics"
	"rundock/internal/await"

	"github.com/miekg/dns"
)

// upstream answers over UDP and TCP on a loopback address by say.
func upstream(t *testing.T, say func(w dns.ResponseWriter, m *dns.Msg)) netip.AddrPort {
	t.Helper()
	conn, l, err := bothFree()
	for tries := 0; errors.Is(err, syscall.EADDRINUSE) && tries < 10; tries++ {
		conn, l, err = bothFree()
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*dns.Server{{PacketConn: conn}, {Listener: l}} {
		started := make(chan struct{})
		s.Handler = dns.HandlerFunc(say)
		s.NotifyStartedFunc = func() { close(started) }
		go s.ActivateAndServe()
		<-started
		t.Cleanup(func() { s.Shutdown() })
	}
	return netip.MustParseAddrPort(conn.LocalAddr().String())
}

// saying replies with records.
func saying(records ...string) func(dns.ResponseWriter, *dns.Msg) {
	return func(w dns.ResponseWriter, m *dns.Msg) {
		reply := new(dns.Msg).SetReply(m)
		reply.Answer = parsed(records...)
		w.WriteMsg(reply)
	}
}

// parsed are records of zone files.
func parsed(records ...string) []dns.RR {
	var rrs []dns.RR
	for _, s := range records {
		rr, err := dns.NewRR(s)
		if err != nil {
			panic(err)
		}
		rrs = append(rrs, rr)
	}
	return rrs
}

func refusing(rcode int) func(dns.ResponseWriter, *dns.Msg) {
	return func(w dns.ResponseWriter, m *dns.Msg) {
		reply := new(dns.Msg).SetRcode(m, rcode)
		if rcode > 15 {
			reply.SetEdns0(1232, false) // which has the rest of it
		}
		w.WriteMsg(reply)
	}
}

// bothFree binds a free UDP port, and TCP on the same; that one may be taken.
func bothFree() (net.PacketConn, net.Listener, error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	l, err := net.Listen("tcp", conn.LocalAddr().String())
	if err != nil {
		conn.Close()
	}
	return conn, l, err
}

// dead is an address nothing listens on.
func dead(t *testing.T) netip.AddrPort {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return netip.MustParseAddrPort(conn.LocalAddr().String())
}

func TestForward(t *testing.T) {
	www := saying("www.example.net. 60 IN A 192.0.2.1")
	asked := func(t *testing.T, h *Handler, name string, qtype uint16) *dns.Msg {
		t.Helper()
		return ask(t, "udp", serve(t, h), question(name, qtype))
	}
	records := map[string]string{"/skydns/com/example/prod/s/away": `{"host":"www.example.net","ttl":9}`, "/skydns/arpa/in-addr/10/1/0/1": `{"host":"x.example.com"}`}

	t.Run("other zones are asked upstream", func(t *testing.T) {
		h := handler(t, records)
		forwarding(h, upstream(t, www))
		if got, want := written(asked(t, h, "www.example.net.", dns.TypeA)), "NOERROR\nwww.example.net.\t60\tIN\tA\t192.0.2.1"; got != want {
			t.Errorf("answer is %s, want %s", got, want)
		}
	})
	t.Run("a CNAME out of the zone is completed", func(t *testing.T) {
		h := handler(t, records)
		forwarding(h, upstream(t, www))
		got := written(asked(t, h, "away.s.prod.example.com.", dns.TypeA))
		if want := "NOERROR aa\naway.s.prod.example.com.\t9\tIN\tCNAME\twww.example.net.\nwww.example.net.\t60\tIN\tA\t192.0.2.1"; got != want {
			t.Errorf("answer is %s, want %s", got, want)
		}
	})
	t.Run("and where upstreams refuse the target, the refusal is not ours", func(t *testing.T) {
		for _, rcode := range []int{dns.RcodeRefused, dns.RcodeServerFailure, dns.RcodeFormatError, dns.RcodeNotImplemented} {
			h := handler(t, records)
			forwarding(h, upstream(t, refusing(rcode)))
			for _, qtype := range []uint16{dns.TypeA, dns.TypeTXT} {
				if got := written(asked(t, h, "away.s.prod.example.com.", qtype)); got != "SERVFAIL" {
					t.Errorf("answer after %s is %s, want SERVFAIL alone", dns.RcodeToString[rcode], got)
				}
			}
		}
	})
	t.Run("so is a chain of them, with what is remembered", func(t *testing.T) {
		h := handler(t, map[string]string{
			"/skydns/com/example/prod/s/one": `{"host":"two.s.prod.example.com","ttl":9}`, "/skydns/com/example/prod/s/two": `{"host":"www.example.net","ttl":8}`,
		})
		forwarding(h, upstream(t, saying("www.example.net. 60 IN CNAME cdn.example.org.", "cdn.example.org. 60 IN AAAA 2001:db8::1")))
		h.Forwarder.CacheSize = 10
		want := "NOERROR aa\ncdn.example.org.\t60\tIN\tAAAA\t2001:db8::1\none.s.prod.example.com.\t9\tIN\tCNAME\ttwo.s.prod.example.com.\n" +
			"two.s.prod.example.com.\t8\tIN\tCNAME\twww.example.net.\nwww.example.net.\t60\tIN\tCNAME\tcdn.example.org."
		for range 2 {
			reply := asked(t, h, "one.s.prod.example.com.", dns.TypeAAAA)
			for _, rr := range reply.Answer {
				if h := rr.Header(); h.Ttl > 50 {
					h.Ttl = 60 // if it was a second ago
				}
			}
			if got := written(reply); got != want {
				t.Errorf("answer is %s, want %s", got, want)
			}
		}
	})
	t.Run("and of one that is not there, the denial is the upstream's", func(t *testing.T) {
		h := handler(t, records)
		forwarding(h, upstream(t, func(w dns.ResponseWriter, m *dns.Msg) {
			reply := new(dns.Msg).SetRcode(m, dns.RcodeNameError)
			soa, _ := dns.NewRR("example.net. 60 IN SOA ns.example.net. h.example.net. 1 2 3 4 5")
			reply.Ns = []dns.RR{soa}
			w.WriteMsg(reply)
		}))
		got := written(asked(t, h, "away.s.prod.example.com.", dns.TypeA))
		if want := "NXDOMAIN aa\naway.s.prod.example.com.\t9\tIN\tCNAME\twww.example.net.\n;; authority\nexample.net.\t60\tIN\tSOA\tns.example.net. h.example.net. 1 2 3 4 5"; got != want {
			t.Errorf("answer is %s, want %s", got, want)
		}
	})
	t.Run("a CNAME of others that leads home is completed by our records, though the upstream knows none", func(t *testing.T) {
		h := handler(t, map[string]string{
			"/skydns/com/example/prod/s/web/a": `{"host":"10.1.0.1","ttl":9}`, "/skydns/com/example/prod/s/away": `{"host":"Back.example.net","ttl":9}`,
			"/skydns/com/example/prod/s/loop": `{"host":"round.example.net","ttl":9}`,
		})
		forwarding(h, upstream(t, func(w dns.ResponseWriter, m *dns.Msg) {
			target := map[string]string{
				"www.example.net.": "cdn.example.net.", "back.example.net.": "Web.s.prod.example.com.", "nope.example.net.": "nope.s.prod.example.com.",
				"round.example.net.": "loop.s.prod.example.com.", "far.example.net.": "away.s.prod.example.com.",
			}[m.Question[0].Name]
			reply := new(dns.Msg).SetRcode(m, dns.RcodeNameError)
			for _, s := range []string{m.Question[0].Name + " 60 IN CNAME " + target, "cdn.example.net. 60 IN CNAME web.s.prod.example.com."} {
				rr, err := dns.NewRR(s)
				if err != nil {
					panic(err)
				}
				if reply.Answer = append(reply.Answer, rr); target != "cdn.example.net." {
					break
				}
			}
			w.WriteMsg(reply)
		}))
		const soa = "\n;; authority\ns.prod.example.com. 2 IN SOA ns.dns.s.prod.example.com. hostmaster.s.prod.example.com. 1 3600 600 86400 2"
		for name, want := range map[string]string{
			"www.example.net.":         "NOERROR\nwww.example.net. 60 IN CNAME cdn.example.net.\ncdn.example.net. 60 IN CNAME web.s.prod.example.com.\nweb.s.prod.example.com. 9 IN A 10.1.0.1",
			"away.s.prod.example.com.": "NOERROR aa\naway.s.prod.example.com. 9 IN CNAME Back.example.net.\nBack.example.net. 60 IN CNAME Web.s.prod.example.com.\nWeb.s.prod.example.com. 9 IN A 10.1.0.1",
			"far.example.net.":         "NOERROR\nfar.example.net. 60 IN CNAME away.s.prod.example.com.\naway.s.prod.example.com. 9 IN CNAME Back.example.net.\nBack.example.net. 60 IN CNAME Web.s.prod.example.com.\nWeb.s.prod.example.com. 9 IN A 10.1.0.1",
			"nope.example.net.":        "NXDOMAIN\nnope.example.net. 60 IN CNAME nope.s.prod.example.com." + soa,
			"round.example.net.":       "NOERROR\nround.example.net. 60 IN CNAME loop.s.prod.example.com.\nloop.s.prod.example.com. 9 IN CNAME round.example.net.",
			"loop.s.prod.example.com.": "NOERROR aa\nloop.s.prod.example.com. 9 IN CNAME round.example.net.\nround.example.net. 60 IN CNAME loop.s.prod.example.com.",
		} {
			if got := written(asked(t, h, name, dns.TypeA)); got != sorted(t, want) {
				t.Errorf("answer(%q) is\n%s\nwant\n%s", name, got, sorted(t, want))
			}
		}
	})
	t.Run("and keeps what a client that validates believes it by, and no more", func(t *testing.T) {
		h := handler(t, map[string]string{"/skydns/com/example/prod/s/web/a": `{"host":"10.1.0.1","ttl":9}`, "/skydns/com/example/prod/s/away": `{"host":"any.example.net","ttl":9}`})
		signature := func(name, of string) string {
			return fmt.Sprintf("%s 60 IN RRSIG %s 60 20360101000000 20260101000000 1 example.net. AAAA", name, of)
		}
		const (
			web   = "web.s.prod.example.com. 9 IN A 10.1.0.1"
			www   = "www.example.net. 60 IN CNAME web.s.prod.example.com."
			wild  = "any.example.net. 60 IN CNAME web.s.prod.example.com."
			dname = "s.example.net. 60 IN DNAME s.prod.example.com."
			made  = "web.s.example.net. 60 IN CNAME web.s.prod.example.com."
			nsec  = "a.example.net. 60 IN NSEC b.example.net. A RRSIG NSEC"
			soa   = "example.net. 60 IN SOA ns.example.net. h.example.net. 1 2 3 4 5"
		)
		wwwSig, wildSig := signature("www.example.net.", "CNAME 13 3"), signature("any.example.net.", "CNAME 13 2")
		dnameSig, nsecSig := signature("s.example.net.", "DNAME 13 3"), signature("a.example.net.", "NSEC 13 3")
		known := map[string][]string{
			"www.example.net.":   {www, wwwSig, signature("www.example.net.", "TXT 13 3"), signature("www.example.net.", "DNAME 13 3")},
			"any.example.net.":   {wild, wildSig},
			"web.s.example.net.": {dname, dnameSig, made},
		}
		forwarding(h, upstream(t, func(w dns.ResponseWriter, m *dns.Msg) {
			reply := new(dns.Msg).SetReply(m)
			reply.Answer, reply.Ns = parsed(known[m.Question[0].Name]...), parsed(nsec, nsecSig, soa)
			w.WriteMsg(reply)
		}))
		proof := ";; authority\n" + nsec + "\n" + nsecSig
		for name, want := range map[string][]string{
			"www.example.net.":         {"NOERROR", www, wwwSig, web},
			"any.example.net.":         {"NOERROR", wild, wildSig, web, proof},
			"away.s.prod.example.com.": {"NOERROR aa", "away.s.prod.example.com. 9 IN CNAME any.example.net.", wild, wildSig, web, proof},
			"web.s.example.net.":       {"NOERROR", dname, dnameSig, made, web},
		} {
			if got, want := written(asked(t, h, name, dns.TypeA)), sorted(t, strings.Join(want, "\n")); got != want {
				t.Errorf("answer(%q) is\n%s\nwant\n%s", name, got, want)
			}
		}
	})
	t.Run("our own names never are", func(t *testing.T) {
		h := handler(t, records)
		var leaked atomic.Int32
		forwarding(h, upstream(t, func(w dns.ResponseWriter, m *dns.Msg) { leaked.Add(1); www(w, m) }))
		if reply := asked(t, h, "nope.s.prod.example.com.", dns.TypeA); reply.Rcode != dns.RcodeNameError || leaked.Load() != 0 {
			t.Errorf("rcode %s, asked upstream %d times", dns.RcodeToString[reply.Rcode], leaked.Load())
		}
		if reply := asked(t, h, "1.0.1.10.in-addr.arpa.", dns.TypePTR); len(reply.Answer) != 1 || leaked.Load() != 0 {
			t.Errorf("answer %v, asked upstream %d times", reply.Answer, leaked.Load())
		}
	})
	t.Run("reverse names without record are asked upstream", func(t *testing.T) {
		h := handler(t, records)
		forwarding(h, upstream(t, saying("9.0.1.10.in-addr.arpa. 60 IN PTR nine.example.com.")))
		if reply := asked(t, h, "9.0.1.10.in-addr.arpa.", dns.TypePTR); len(reply.Answer) != 1 || reply.Authoritative {
			t.Errorf("reply is %v", reply)
		}
	})
	t.Run("the next upstream takes over from one that fails", func(t *testing.T) {
		for claim, first := range map[string]netip.AddrPort{"dead": dead(t), "refusing": upstream(t, refusing(dns.RcodeRefused)), "failing": upstream(t, refusing(dns.RcodeServerFailure)),
			"old (no EDNS)": upstream(t, refusing(dns.RcodeFormatError)), "limited": upstream(t, refusing(dns.RcodeNotImplemented)), "strange": upstream(t, refusing(dns.RcodeBadVers)),
			"cut": upstream(t, cut), "cut behind an alias": upstream(t, cutBehind("www.example.net. 60 IN CNAME cdn.example.net."))} {
			h := handler(t, records)
			forwarding(h, first, upstream(t, www))
			if reply := asked(t, h, "www.example.net.", dns.TypeA); len(reply.Answer) != 1 {
				t.Errorf("after a %s one the reply is %v", claim, reply)
			}
		}
	})
	t.Run("without a living upstream the reply is SERVFAIL", func(t *testing.T) {
		h := handler(t, records)
		forwarding(h, dead(t))
		if reply := asked(t, h, "www.example.net.", dns.TypeA); reply.Rcode != dns.RcodeServerFailure {
			t.Errorf("rcode = %s", dns.RcodeToString[reply.Rcode])
		}
	})
	t.Run("what an upstream says of the query dnsd made is not said of the client's", func(t *testing.T) {
		for _, rcode := range []int{dns.RcodeFormatError, dns.RcodeBadVers} {
			h := handler(t, records)
			forwarding(h, upstream(t, refusing(rcode)))
			for _, size := range []uint16{0, 1232} {
				m := question("www.example.net.", dns.TypeA)
				if size > 0 {
					m.SetEdns0(size, false)
				}
				if reply := ask(t, "udp", serve(t, h), m); reply.Rcode != dns.RcodeServerFailure {
					t.Errorf("after %s of the upstream, rcode = %s, want SERVFAIL", dns.RcodeToString[rcode], dns.RcodeToString[reply.Rcode])
				}
			}
		}
	})
	t.Run("a truncated reply is fetched over TCP", func(t *testing.T) {
		h := handler(t, records)
		forwarding(h, upstream(t, func(w dns.ResponseWriter, m *dns.Msg) {
			if strings.HasPrefix(w.RemoteAddr().Network(), "udp") {
				w.WriteMsg(&dns.Msg{MsgHdr: dns.MsgHdr{Id: m.Id, Response: true, Truncated: true}, Question: m.Question})
				return
			}
			www(w, m)
		}))
		if reply := asked(t, h, "www.example.net.", dns.TypeA); len(reply.Answer) != 1 || reply.Truncated {
			t.Errorf("reply is %v", reply)
		}
	})
	t.Run("a forged reply is passed over", func(t *testing.T) {
		h := handler(t, records)
		forwarding(h, upstream(t, func(w dns.ResponseWriter, m *dns.Msg) {
			forged := new(dns.Msg).SetReply(m)
			forged.Id++
			w.WriteMsg(forged)
			other := new(dns.Msg).SetReply(m)
			other.Question = []dns.Question{{Name: "evil.example.net.", Qtype: dns.TypeA, Qclass: dns.ClassINET}}
			w.WriteMsg(other)
			www(w, m)
		}))
		if reply := asked(t, h, "www.example.net.", dns.TypeA); len(reply.Answer) != 1 {
			t.Errorf("reply is %v", reply)
		}
	})
	t.Run("strangers, and queries that do not ask for it, are refused", func(t *testing.T) {
		h := handler(t, records)
		forwarding(h, upstream(t, www))
		packet, _ := question("www.example.net.", dns.TypeA).Pack()
		reply, later := h.Serve(packet, Client{AddrPort: netip.MustParseAddrPort("192.0.2.9:9"), Counts: h.Metrics.NewQueries(metrics.UDP)})
		if later != nil || reply[3]&15 != dns.RcodeRefused {
			t.Errorf("a stranger's reply is %x", reply)
		}
		m := question("www.example.net.", dns.TypeA)
		m.RecursionDesired = false
		if reply := ask(t, "udp", serve(t, h), m); reply.Rcode != dns.RcodeRefused {
			t.Errorf("without RD rcode = %s", dns.RcodeToString[reply.Rcode])
		}
	})
}

func TestUpstreamsRepliesAreRemembered(t *testing.T) {
	var asked atomic.Int32
	var failing atomic.Bool
	first := upstream(t, func(w dns.ResponseWriter, m *dns.Msg) {
		asked.Add(1)
		if failing.Load() {
			refusing(dns.RcodeServerFailure)(w, m)
			return
		}
		ttl := map[string]string{"short.example.net.": "1", "www.example.net.": "60"}[m.Question[0].Name]
		saying(m.Question[0].Name+" "+ttl+" IN A 192.0.2.1")(w, m)
	})
	h := handler(t, nil)
	forwarding(h, first)
	h.Forwarder.CacheSize = 10
	server := serve(t, h)
	for range 3 {
		if reply := ask(t, "udp", server, question("www.example.net.", dns.TypeA)); len(reply.Answer) != 1 {
			t.Fatalf("reply is %v", reply)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("for 3 questions the upstream was asked %d times, want once", n)
	}
	ask(t, "udp", server, question("short.example.net.", dns.TypeA))
	failing.Store(true)
	await.Empty(t, "past its TTL of 1 it is answered with one of 30", func() string {
		reply := ask(t, "udp", server, question("short.example.net.", dns.TypeA))
		if len(reply.Answer) != 1 {
			t.Fatalf("with the upstream failing the reply is %v", reply)
		}
		if ttl := reply.Answer[0].Header().Ttl; ttl != 30 {
			return fmt.Sprintf("it is %d", ttl)
		}
		return ""
	})
}

func TestADenialOfAnUpstreamIsRemembered(t *testing.T) {
	var asked atomic.Int32
	h := handler(t, nil)
	forwarding(h, upstream(t, func(w dns.ResponseWriter, m *dns.Msg) {
		asked.Add(1)
		reply := new(dns.Msg).SetRcode(m, dns.RcodeNameError)
		soa, _ := dns.NewRR("example.net. 600 IN SOA ns.example.net. h.example.net. 1 2 3 4 300")
		reply.Ns = []dns.RR{soa}
		w.WriteMsg(reply)
	}))
	h.Forwarder.CacheSize = 10
	server := serve(t, h)
	for range 3 {
		if reply := ask(t, "udp", server, question("nope.example.net.", dns.TypeA)); reply.Rcode != dns.RcodeNameError || len(reply.Ns) != 1 {
			t.Errorf("reply is %v", reply)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("for 3 questions the upstream was asked %d times, want once", n)
	}
}

func TestStubZones(t *testing.T) {
	h := handler(t, map[string]string{
		"/skydns/com/example/prod/s/east/web": `{"host":"10.1.0.1"}`,
		"/skydns/com/example/prod/s/alias":    `{"host":"web.east.s.prod.example.com"}`,
		"/skydns/com/example/prod/s/web":      `{"host":"10.1.0.2"}`,
	})
	forwarding(h)
	h.Answers.Forwards = false
	h.Forwarder.Stubs = []forward.Stub{
		{Zone: "east.s.prod.example.com.", Upstreams: []netip.AddrPort{upstream(t, saying("web.east.s.prod.example.com. 60 IN A 192.0.2.1"))}},
		{Zone: "corp.example.", Upstreams: []netip.AddrPort{dead(t), upstream(t, saying("www.corp.example. 60 IN A 192.0.2.2"))}},
	}
	for _, s := range h.Forwarder.Stubs {
		zone, err := answer.NewZone(s.Zone)
		if err != nil {
			t.Fatal(err)
		}
		h.Answers.Stubs = append(h.Answers.Stubs, zone)
	}
	server := serve(t, h)
	for _, c := range []struct{ claim, name, want string }{
		{"a stub zone below ours is others'", "web.east.s.prod.example.com.", "NOERROR\nweb.east.s.prod.example.com.\t60\tIN\tA\t192.0.2.1"},
		{"so it is behind a CNAME", "alias.s.prod.example.com.", "NOERROR aa\nalias.s.prod.example.com.\t30\tIN\tCNAME\tweb.east.s.prod.example.com.\nweb.east.s.prod.example.com.\t60\tIN\tA\t192.0.2.1"},
		{"a stub zone elsewhere has servers of its own", "www.corp.example.", "NOERROR\nwww.corp.example.\t60\tIN\tA\t192.0.2.2"},
		{"our names stay ours", "web.s.prod.example.com.", "NOERROR aa\nweb.s.prod.example.com.\t30\tIN\tA\t10.1.0.2"},
		{"other names are refused", "www.example.net.", "REFUSED"},
	} {
		if got := written(ask(t, "udp", server, question(c.name, dns.TypeA))); got != c.want {
			t.Errorf("%s: answer(%q) is\n%s\nwant\n%s", c.claim, c.name, got, c.want)
		}
	}
}

// cut replies with the question alone, and counts a record.
func cut(w dns.ResponseWriter, m *dns.Msg) { cutBehind()(w, m) }

// cutBehind replies with these records, and counts one more.
func cutBehind(records ...string) dns.HandlerFunc {
	return func(w dns.ResponseWriter, m *dns.Msg) {
		reply := new(dns.Msg).SetReply(m)
		reply.Answer = parsed(records...)
		packet, err := reply.Pack()
		if err != nil {
			panic(err)
		}
		packet[7]++
		w.Write(packet)
	}
}
