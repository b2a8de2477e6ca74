package server

import (
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"rundock/dnsd/querylog"
	"rundock/internal/await"

	"github.com/miekg/dns"
)

// lineBuffer collects lines that are written one at a time.
type lineBuffer struct {
	mu  sync.Mutex
	all []string
}

func (b *lineBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, strings.TrimSuffix(string(line), "\n"))
	return len(line), nil
}

func (b *lineBuffer) lines() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.all)
}

func TestQueriesAreLogged(t *testing.T) {
	h := handler(t, instances("web", 60))
	forwarding(h, upstream(t, saying("www.example.net. 60 IN A 192.0.2.1")))
	h.Forwarder.CacheSize = 10
	var out lineBuffer
	h.Log = querylog.New(1, &out)
	server := serve(t, h)
	edns := func(m *dns.Msg, options ...dns.EDNS0) *dns.Msg {
		m.SetEdns0(4096, true)
		m.IsEdns0().Option = options
		return m
	}
	unknown := edns(question("web.s.prod.example.com.", dns.TypeA))
	unknown.IsEdns0().SetVersion(7)
	chaos := question("version.bind.", dns.TypeTXT)
	chaos.Question[0].Qclass = dns.ClassCHAOS
	for _, c := range []struct {
		claim, network string
		m              *dns.Msg
		want           string
	}{
		{"a ready answer", "udp", question("node-1.Web.s.prod.example.com.", dns.TypeA),
			"proto=udp name=node-1.Web.s.prod.example.com. type=A edns=0 do=false rcode=NOERROR answers=1 flags=aa,rd,ra size=63 from=table"},
		{"one that is cut", "udp", question("web.s.prod.example.com.", dns.TypeA),
			"proto=udp name=web.s.prod.example.com. type=A edns=0 do=false rcode=NOERROR answers=29 flags=aa,tc,rd,ra size=504 from=table"},
		{"a ready denial, with EDNS", "udp", edns(question("nope.s.prod.example.com.", dns.TypeSRV)),
			"proto=udp name=nope.s.prod.example.com. type=SRV edns=4096 do=true rcode=NXDOMAIN answers=0 flags=aa,rd,ra size=106 from=table"},
		{"an answer by the library", "udp", edns(question("node-1.web.s.prod.example.com.", dns.TypeA), &dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: "0102030405060708"}),
			"proto=udp name=node-1.web.s.prod.example.com. type=A edns=4096 do=true rcode=NOERROR answers=1 flags=aa,rd,ra size=102 from=table"},
		{"one over TCP", "tcp", question("web.s.prod.example.com.", dns.TypeA),
			"proto=tcp name=web.s.prod.example.com. type=A edns=0 do=false rcode=NOERROR answers=60 flags=aa,rd,ra size=1000 from=table"},
		{"one of an upstream", "udp", question("www.example.net.", dns.TypeA),
			"proto=udp name=www.example.net. type=A edns=0 do=false rcode=NOERROR answers=1 flags=rd,ra size=49 from=forwarded"},
		{"one of an upstream, remembered", "tcp", question("WWW.example.net.", dns.TypeA),
			"proto=tcp name=WWW.example.net. type=A edns=0 do=false rcode=NOERROR answers=1 flags=rd,ra size=49 from=cache"},
		{"an unknown version", "udp", unknown,
			"proto=udp name=web.s.prod.example.com. type=A edns=4096 do=true rcode=BADVERS answers=0 flags=rd,ra size=51 from=self"},
		{"another class", "udp", chaos,
			"proto=udp name=version.bind. type=CH/TXT edns=0 do=false rcode=REFUSED answers=0 flags=rd,ra size=30 from=self"},
		{"a name that steers terminals", "udp", question(`a\"\027\032b.s.prod.example.com.`, 65280),
			`proto=udp name="a\\\"\\027\\ b.s.prod.example.com." type=TYPE65280 edns=0 do=false rcode=NXDOMAIN answers=0 flags=aa,rd,ra size=96 from=table`},
	} {
		before := len(out.lines())
		ask(t, c.network, server, c.m)
		await.True(t, "a line is written of "+c.claim, func() bool { return len(out.lines()) > before })
		if got := of(out.lines()[before]); got != c.want {
			t.Errorf("of %s the log says\n%s\nwant\n%s", c.claim, got, c.want)
		}
	}

	before := len(out.lines())
	conn, err := net.Dial("udp", server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.Write(unhex(t, "1234 0100 0001 0000 0000 0000 ffff"))
	await.True(t, "a line is written of a broken packet", func() bool { return len(out.lines()) > before })
	if got, want := of(out.lines()[before]), `proto=udp name="" type="" edns=0 do=false rcode=FORMERR answers=0 flags=rd size=12 from=self`; got != want {
		t.Errorf("of a broken packet the log says\n%s\nwant\n%s", got, want)
	}
	if line := out.lines()[before]; !strings.Contains(line, " client="+conn.LocalAddr().String()+" ") {
		t.Errorf("of a query of %s the log says %s", conn.LocalAddr(), line)
	}
}

var queryLine = regexp.MustCompile(`^time=\S+ level=INFO msg=query client=127\.0\.0\.1:\d+ (.*) took_us=\d+$`)

// of is the part of a line that is the same each time.
func of(line string) string {
	if m := queryLine.FindStringSubmatch(line); m != nil {
		return m[1]
	}
	return line
}
