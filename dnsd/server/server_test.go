package server

import (
	"context"
	"io"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"rundock/dnsd/answer"
	"rundock/dnsd/forward"
	"rundock/dnsd/metrics"
	"rundock/dnsd/table"

	"github.com/miekg/dns"
)

const prefix = "/skydns"

// ample is how long what must come is waited for.
const ample = time.Minute

// handler answers s.prod.example.com from records, loaded at revision 1.
func handler(t testing.TB, records map[string]string) *Handler {
	t.Helper()
	zone, err := answer.NewZone("s.prod.example.com")
	if err != nil {
		t.Fatal(err)
	}
	tab := table.New(prefix)
	tab.Replace(1, func(yield func(string, []byte) bool) {
		for key, value := range records {
			if !yield(key, []byte(value)) {
				return
			}
		}
	})
	return &Handler{
		Answers: &answer.Server{Table: tab, Zones: []answer.Zone{zone}, TTL: 30, NegativeTTL: 2, MaxUDP: 1232, NameServers: nameServers},
		MaxUDP:  1232, Metrics: metrics.New("test", tab, zone.Name),
	}
}

func nameServers() []netip.Addr { return []netip.Addr{netip.MustParseAddr("10.1.0.2")} }

func forwarding(h *Handler, upstreams ...netip.AddrPort) {
	h.Answers.Forwards = true
	h.Forwarder = &forward.Forwarder{Upstreams: upstreams}
	h.ForwardFor = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

// serve runs h on a loopback address and returns it.
func serve(t testing.TB, h *Handler) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	listening := make(chan netip.AddrPort, 1)
	s := &Server{Handler: h, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), OnListen: func(a netip.AddrPort) { listening <- a }}
	if h.Forwarder != nil {
		go h.Forwarder.Run(ctx)
	}
	if h.Log != nil {
		go h.Log.Run(ctx)
	}
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, []Address{{"127.0.0.1", 0}}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
	select {
	case a := <-listening:
		return a.String()
	case err := <-done:
		done <- nil
		t.Fatalf("Run = %v", err)
	case <-time.After(ample):
		t.Fatal("the server does not listen")
	}
	return ""
}

// ask sends m over network and returns the reply.
func ask(t testing.TB, network, server string, m *dns.Msg) *dns.Msg {
	t.Helper()
	c := dns.Client{Net: network, Timeout: ample}
	reply, _, err := c.Exchange(m, server)
	if err != nil {
		t.Fatalf("%v over %s: %v", m.Question, network, err)
	}
	return reply
}

func question(name string, qtype uint16) *dns.Msg {
	return new(dns.Msg).SetQuestion(name, qtype)
}
