package server

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"
)

func TestParseAddress(t *testing.T) {
	for s, want := range map[string]Address{
		"10.0.0.1": {"10.0.0.1", 53}, "10.0.0.1:5300": {"10.0.0.1", 5300}, "::1": {"::1", 53}, "[::1]:5300": {"::1", 5300},
		"eth1": {"eth1", 53}, "eth1:5300": {"eth1", 5300}, ":53": {"", 53},
	} {
		if got, err := ParseAddress(s); err != nil || got != want {
			t.Errorf("ParseAddress(%q) = %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "10.0.0.1:x", "10.0.0.1:65536", "a-long-host-name.example.com:53"} {
		if got, err := ParseAddress(s); err == nil {
			t.Errorf("ParseAddress(%q) = %v", s, got)
		}
	}
}

func TestAnAddressThatIsNotThereYetStopsNoOther(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	listening, done := make(chan netip.AddrPort, 1), make(chan error, 1)
	s := &Server{Handler: handler(t, instances("web", 1)), Log: slog.New(slog.NewTextHandler(io.Discard, nil)), OnListen: func(a netip.AddrPort) { listening <- a }}
	// 192.0.2.1 is for documentation: no host has it.
	go func() { done <- s.Run(ctx, []Address{{"192.0.2.1", 0}, {"no-such-ifc", 53}, {"lo", 0}}) }()
	select {
	case a := <-listening:
		if reply := ask(t, "udp", a.String(), question("web.s.prod.example.com.", dns.TypeA)); len(reply.Answer) != 1 {
			t.Errorf("reply is %v", reply)
		}
	case err := <-done:
		t.Fatalf("Run = %v", err)
	case <-time.After(ample):
		t.Fatal("the server does not listen")
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run = %v", err)
	}
}

// A client drops replies that come from another address than it asked.
func TestAWildcardSocketRepliesFromTheAddressAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	listening, done := make(chan netip.AddrPort, 2), make(chan error, 1)
	h := handler(t, instances("web", 1))
	forwarding(h, upstream(t, saying("www.example.net. 60 IN A 192.0.2.1")))
	h.ForwardFor = append(h.ForwardFor, netip.MustParsePrefix("::1/128"))
	go h.Forwarder.Run(ctx)
	s := &Server{Handler: h, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), OnListen: func(a netip.AddrPort) { listening <- a }}
	go func() { done <- s.Run(ctx, []Address{{"0.0.0.0", 0}, {"::", 0}}) }()
	for range 2 {
		a := <-listening
		asked := "127.0.0.9"
		if a.Addr().Is6() {
			asked = "::1"
		}
		conn, err := net.Dial("udp", netip.AddrPortFrom(netip.MustParseAddr(asked), a.Port()).String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for _, name := range []string{"web.s.prod.example.com.", "www.example.net."} {
			packet, _ := question(name, dns.TypeA).Pack()
			conn.Write(packet)
			conn.SetReadDeadline(time.Now().Add(ample))
			reply, buf := new(dns.Msg), make([]byte, 512)
			n, err := conn.Read(buf)
			if err == nil {
				err = reply.Unpack(buf[:n])
			}
			if err != nil || len(reply.Answer) != 1 {
				t.Errorf("%s asked for %s replies %v, %v", conn.RemoteAddr(), name, reply, err)
			}
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run = %v", err)
	}
}

func TestOneConnectionTakesManyQueries(t *testing.T) {
	conn, err := dns.Dial("tcp", serve(t, handler(t, instances("web", 1))))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(ample))
	waiting := map[uint16]bool{}
	for range 20 {
		m := question("web.s.prod.example.com.", dns.TypeA)
		waiting[m.Id] = true
		if err := conn.WriteMsg(m); err != nil {
			t.Fatal(err)
		}
	}
	for len(waiting) > 0 {
		reply, err := conn.ReadMsg()
		if err != nil || len(reply.Answer) != 1 {
			t.Fatalf("reply is %v, %v", reply, err)
		}
		delete(waiting, reply.Id)
	}
}
