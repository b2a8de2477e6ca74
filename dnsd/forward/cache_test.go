package forward

import (
	"fmt"
	"testing"
	"time"

	"github.com/miekg/dns"
)

func message(rcode int, answer, authority string) *dns.Msg {
	m := new(dns.Msg)
	m.Rcode = rcode
	for _, s := range []struct {
		line string
		to   *[]dns.RR
	}{{answer, &m.Answer}, {authority, &m.Ns}} {
		if s.line != "" {
			rr, err := dns.NewRR(s.line)
			if err != nil {
				panic(err)
			}
			*s.to = append(*s.to, rr)
		}
	}
	return m
}

func TestLifetime(t *testing.T) {
	const soa = "example.net. 600 IN SOA ns.example.net. h.example.net. 1 2 3 4 "
	for _, c := range []struct {
		claim string
		reply *dns.Msg
		want  time.Duration
	}{
		{"an answer's is its TTL", message(dns.RcodeSuccess, "a.example.net. 60 IN A 192.0.2.1", ""), time.Minute},
		{"it is at most a day", message(dns.RcodeSuccess, "a.example.net. 999999 IN A 192.0.2.1", ""), 24 * time.Hour},
		{"NXDOMAIN's is the SOA's minimum", message(dns.RcodeNameError, "", soa+"20"), 20 * time.Second},
		{"NODATA's is at most 5 minutes", message(dns.RcodeSuccess, "", soa+"9999"), 5 * time.Minute},
		{"NXDOMAIN behind a CNAME is bound by the CNAME's as well", message(dns.RcodeNameError, "a.example.net. 5 IN CNAME b.example.net.", soa+"20"), 5 * time.Second},
		{"without SOA NXDOMAIN is not remembered", message(dns.RcodeNameError, "", ""), 0},
		{"TTL 0 is not remembered", message(dns.RcodeSuccess, "a.example.net. 0 IN A 192.0.2.1", ""), 0},
		{"SERVFAIL is not remembered", message(dns.RcodeServerFailure, "", ""), 0},
	} {
		if got := lifetime(c.reply); got != c.want {
			t.Errorf("%s: lifetime = %s, want %s", c.claim, got, c.want)
		}
	}
}

func TestCache(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	named := func(i int) key { return key{name: fmt.Sprintf("%d.example.net.", i), qtype: dns.TypeA} }
	c := &cache{size: 3}
	for i := range 5 {
		c.put(named(i), message(dns.RcodeSuccess, "a.example.net. 60 IN A 192.0.2.1", ""), start)
		c.get(named(0), start)
	}
	for i, want := range []bool{true, false, false, true, true} {
		if reply, _ := c.get(named(i), start); (reply != nil) != want {
			t.Errorf("of 3 places, the most recently used kept, %d has one: %v, want %v", i, reply != nil, want)
		}
	}
	for _, at := range []struct {
		later time.Duration
		fresh bool
		ttl   uint32
	}{{0, true, 60}, {45 * time.Second, true, 15}, {61 * time.Second, false, 30}, {23 * time.Hour, false, 30}} {
		reply, fresh := c.get(named(0), start.Add(at.later))
		if reply == nil || fresh != at.fresh || reply.Answer[0].Header().Ttl != at.ttl {
			t.Errorf("after %s: %v, fresh %v, want TTL %d, fresh %v", at.later, reply, fresh, at.ttl, at.fresh)
		}
	}
	if reply, _ := c.get(named(0), start.Add(25*time.Hour)); reply != nil || len(c.byKey) != c.recent.Len() {
		t.Errorf("after a day and more: %v", reply)
	}
}
