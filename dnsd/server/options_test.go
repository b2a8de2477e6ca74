package server

import (
	"encoding/hex"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

func TestOptions(t *testing.T) {
	h := handler(t, instances("web", 1))
	h.Name, h.Secret = "node-1", [16]byte{1}
	server := serve(t, h)
	asked := func(o ...dns.EDNS0) *dns.Msg {
		m := question("web.s.prod.example.com.", dns.TypeA).SetEdns0(1232, false)
		m.IsEdns0().Option = o
		return ask(t, "udp", server, m)
	}
	cookie := func(hex string) *dns.EDNS0_COOKIE {
		return &dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: hex}
	}
	t.Run("a cookie comes back with one of the server's, the same for the same client", func(t *testing.T) {
		const client = "0102030405060708"
		reply := asked(cookie(client))
		have := reply.IsEdns0().Option
		if len(have) != 1 || len(reply.Answer) != 1 {
			t.Fatalf("reply is %v", reply)
		}
		full := have[0].(*dns.EDNS0_COOKIE).Cookie
		if len(full) != 48 || !strings.HasPrefix(full, client+"01000000") {
			t.Errorf("cookie is %s", full)
		}
		if again := asked(cookie(full)); len(again.Answer) != 1 || len(again.IsEdns0().Option) != 1 {
			t.Errorf("with the whole cookie the reply is %v", again)
		}
	})
	t.Run("a cookie of an impossible length is FORMERR", func(t *testing.T) {
		for _, c := range []string{"01", "010203040506070809", strings.Repeat("01", 41)} {
			if reply := asked(cookie(c)); reply.Rcode != dns.RcodeFormatError {
				t.Errorf("cookie %s: reply is %v", c, reply)
			}
			alone := new(dns.Msg).SetEdns0(1232, false)
			alone.Id, alone.IsEdns0().Option = dns.Id(), []dns.EDNS0{cookie(c)}
			if reply := ask(t, "udp", server, alone); reply.Rcode != dns.RcodeFormatError {
				t.Errorf("cookie %s without a question: reply is %v", c, reply)
			}
		}
	})
	t.Run("a cookie is had without a question", func(t *testing.T) {
		m := new(dns.Msg).SetEdns0(1232, false)
		m.Id, m.IsEdns0().Option = dns.Id(), []dns.EDNS0{cookie("0102030405060708")}
		for _, network := range []string{"udp", "tcp"} {
			reply := ask(t, network, server, m)
			if o := reply.IsEdns0(); reply.Rcode != dns.RcodeSuccess || o == nil || len(o.Option) != 1 || len(o.Option[0].(*dns.EDNS0_COOKIE).Cookie) != 48 {
				t.Errorf("over %s the reply is %v", network, reply)
			}
		}
	})
	t.Run("an option that is there twice is answered once", func(t *testing.T) {
		reply := asked(&dns.EDNS0_NSID{Code: dns.EDNS0NSID}, cookie("0102030405060708"), cookie("0807060504030201"), cookie("01"), &dns.EDNS0_NSID{Code: dns.EDNS0NSID})
		o := reply.IsEdns0().Option
		if len(o) != 2 || reply.Rcode != dns.RcodeSuccess || !strings.HasPrefix(o[1].(*dns.EDNS0_COOKIE).Cookie, "0102030405060708") {
			t.Errorf("reply is %v", reply)
		}
	})
	t.Run("the server says its name when asked", func(t *testing.T) {
		reply := asked(&dns.EDNS0_NSID{Code: dns.EDNS0NSID})
		if o := reply.IsEdns0().Option; len(o) != 1 || o[0].(*dns.EDNS0_NSID).Nsid != hex.EncodeToString([]byte("node-1")) {
			t.Errorf("reply is %v", reply)
		}
	})
	t.Run("the client's subnet changes nothing and is not echoed", func(t *testing.T) {
		for _, subnet := range []*dns.EDNS0_SUBNET{
			{Family: 1, SourceNetmask: 24, Address: []byte{192, 0, 2, 0}}, {Family: 1, SourceNetmask: 20, Address: []byte{192, 0, 16, 0}},
			{Family: 1, SourceNetmask: 32, Address: []byte{192, 0, 2, 1}}, {Family: 1, Address: []byte{0, 0, 0, 0}}, {Family: 0},
			{Family: 2, SourceNetmask: 56, Address: net.ParseIP("2001:db8::")}, {Family: 2, SourceNetmask: 128, Address: net.ParseIP("2001:db8::1")},
		} {
			subnet.Code = dns.EDNS0SUBNET
			reply := asked(subnet)
			if len(reply.Answer) != 1 || len(reply.IsEdns0().Option) != 0 {
				t.Errorf("with subnet %v the reply is %v", subnet, reply)
			}
		}
	})
}

func TestChaos(t *testing.T) {
	h := handler(t, nil)
	h.Name, h.Version = "node-1", "dnsd 1.2"
	server := serve(t, h)
	for name, want := range map[string]string{"version.bind.": "dnsd 1.2", "VERSION.server.": "dnsd 1.2", "id.server.": "node-1", "hostname.bind.": "node-1", "authors.bind.": ""} {
		m := question(name, dns.TypeTXT)
		m.Question[0].Qclass = dns.ClassCHAOS
		reply := ask(t, "udp", server, m)
		if want == "" {
			if reply.Rcode != dns.RcodeRefused {
				t.Errorf("answer(%q CH TXT) rcode = %s, want REFUSED", name, dns.RcodeToString[reply.Rcode])
			}
			continue
		}
		if len(reply.Answer) != 1 || !strings.Contains(reply.Answer[0].String(), fmt.Sprintf("CH\tTXT\t%q", want)) {
			t.Errorf("answer(%q CH TXT) = %v, want %q", name, reply.Answer, want)
		}
	}
}

func TestScaledWeights(t *testing.T) {
	h := handler(t, map[string]string{
		"/skydns/com/example/prod/s/w/a": `{"host":"10.1.0.1","port":80,"weight":1}`,
		"/skydns/com/example/prod/s/w/b": `{"host":"10.1.0.2","port":80,"weight":65535}`,
		"/skydns/com/example/prod/s/w/c": `{"host":"10.1.0.3","port":80,"weight":32768}`,
		"/skydns/com/example/prod/s/w/d": `{"host":"10.1.0.4","port":80,"weight":7,"priority":20}`,
	})
	h.Answers.ScaledWeights = true
	got := map[string]uint16{}
	for _, rr := range ask(t, "tcp", serve(t, h), question("w.s.prod.example.com.", dns.TypeSRV)).Answer {
		got[rr.(*dns.SRV).Target[:1]] = rr.(*dns.SRV).Weight
	}
	if want := map[string]uint16{"a": 1, "b": 65535, "c": 32768, "d": 65535}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("weights are %v, want %v", got, want)
	}
}

// The preferred priority comes first, and each of its records is first as
// often as its weight says.
func TestWeightsDecideWhoIsFirst(t *testing.T) {
	h := handler(t, map[string]string{
		"/skydns/com/example/prod/s/w/a": `{"host":"10.1.0.1","port":80,"weight":30}`,
		"/skydns/com/example/prod/s/w/b": `{"host":"10.1.0.2","port":80,"weight":10}`,
		"/skydns/com/example/prod/s/w/c": `{"host":"10.1.0.3","port":80,"priority":20,"weight":1000}`,
	})
	for _, qtype := range []uint16{dns.TypeA, dns.TypeSRV} {
		packet, _ := question("w.s.prod.example.com.", qtype).Pack()
		w, out, first := plainly(h), make([]byte, h.MaxUDP), map[string]int{}
		for turn := range uint32(4000) {
			var reply dns.Msg
			if err := reply.Unpack(out[:w.plain(packet, out, turn<<20|turn)]); err != nil {
				t.Fatal(err)
			}
			first[data(reply.Answer[0])]++
			if last := data(reply.Answer[2]); last != "10.1.0.3" && last != "c.w.s.prod.example.com." {
				t.Fatalf("last of the answer is %s", last)
			}
		}
		if a := first["10.1.0.1"] + first["a.w.s.prod.example.com."]; a < 2900 || a > 3100 {
			t.Errorf("%s: of 4000 turns %v were first, want 3 to 1", dns.TypeToString[qtype], first)
		}
	}
}

// data is what a record points to.
func data(rr dns.RR) string {
	if srv, ok := rr.(*dns.SRV); ok {
		return srv.Target
	}
	return rr.(*dns.A).A.String()
}
