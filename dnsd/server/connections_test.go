package server

import (
	"fmt"
	"net"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// scraped is the value of a metric without labels.
func scraped(t *testing.T, h *Handler, name string) string {
	t.Helper()
	page := httptest.NewRecorder()
	h.Metrics.Handler().ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
	found := regexp.MustCompile(`(?m)^` + name + ` (.*)$`).FindStringSubmatch(page.Body.String())
	if found == nil {
		t.Fatalf("no metric %s", name)
	}
	return found[1]
}

// dialFrom is a connection to server from a loopback address.
func dialFrom(t *testing.T, from, server string) *dns.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := dialer.Dial("tcp", server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(ample))
	return &dns.Conn{Conn: conn}
}

// answered says whether a query over a connection gets its reply.
func answered(conn *dns.Conn) error {
	m := question("web.s.prod.example.com.", dns.TypeA)
	if err := conn.WriteMsg(m); err != nil {
		return err
	}
	reply, err := conn.ReadMsg()
	if err == nil && (reply.Id != m.Id || len(reply.Answer) != 1) {
		err = fmt.Errorf("reply is %v", reply)
	}
	return err
}

// Each connection here is used once, so that the server is known to have it, and the
// order of their rests is that of the dialling.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		claim string
		from  func(i int) string // of connection i, which stays idle
		then  string             // where a further one is from
		open  int                // connections before it
	}{
		{"one client's many leave others alone, and its own next one is served", func(int) string { return "127.0.0.1" }, "127.0.0.1", 1100},
		{"one client's many leave another's place", func(int) string { return "127.0.0.1" }, "127.0.0.2", 1100},
		{"many clients' make room for one more", func(i int) string { return fmt.Sprintf("127.0.%d.%d", 1+i%32, 1+i/32) }, "127.0.0.2", maxConnections},
	} {
		t.Run(c.claim, func(t *testing.T) {
			t.Parallel()
			h := handler(t, instances("web", 1))
			server := serve(t, h)
			other := dialFrom(t, "127.0.0.3", server)
			var first *dns.Conn
			for i := range c.open {
				conn := dialFrom(t, c.from(i), server)
				if err := answered(conn); err != nil {
					t.Fatalf("connection %d: %v", i, err)
				}
				if i == 0 {
					first = conn
				}
				if i%100 == 0 {
					if err := answered(other); err != nil {
						t.Fatalf("with %d connections another client's is ended: %v", i, err)
					}
				}
			}
			if err := answered(dialFrom(t, c.then, server)); err != nil {
				t.Errorf("one more connection is not answered: %v", err)
			}
			if err := answered(other); err != nil {
				t.Errorf("a connection that is not the longest idle is ended: %v", err)
			}
			closed(t, first)
			if scraped(t, h, "dnsd_tcp_displaced_total") == "0" {
				t.Error("no connection is counted as displaced")
			}
		})
	}
}

func TestBusyConnectionsMakeNoRoom(t *testing.T) {
	var c connections
	client := netip.MustParseAddr("10.1.0.1")
	var ended []int
	admit := func(i int) *place { return c.admit(client, func() { ended = append(ended, i) }) }
	var open []*place
	for i := range maxOfClient {
		p := admit(i)
		p.begin()
		open = append(open, p)
	}
	if admit(-1) != nil || len(ended) > 0 {
		t.Errorf("with all of a client's connections busy it gets a further one, and these end: %v", ended)
	}
	if c.admit(netip.MustParseAddr("10.1.0.2"), func() {}) == nil {
		t.Error("another client gets none")
	}
	open[7].done()
	open[3].done()
	for i := range 2 {
		if p := admit(maxOfClient + i); p != nil {
			p.begin()
		}
	}
	if want := []int{7, 3}; !slices.Equal(ended, want) {
		t.Errorf("these made room: %v, want %v", ended, want)
	}
	c.leave(open[0])
	if admit(-1) == nil || len(ended) != 2 {
		t.Errorf("a place that was given back is not given: %v", ended)
	}
	for _, p := range open {
		c.leave(p) // of those that made room too
	}
	if got, want := c.byClient[client], 3; got != want || len(c.open) != want+1 {
		t.Errorf("%d places of the client are counted, and %d in all, want %d and %d", got, len(c.open), want, want+1)
	}
}
