package server

import (
	"net"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"
)

func TestForwardLimit(t *testing.T) {
	l := newForwardLimit()
	client := func(i byte) netip.Addr { return netip.AddrFrom4([4]byte{10, 1, 0, i}) }
	fill := func(i byte) (n int) {
		for l.try(client(i)) {
			n++
		}
		return n
	}
	if got := fill(1); got != maxForwards/2 {
		t.Errorf("one client alone has %d of %d places, want half", got, maxForwards)
	}
	if got := fill(2); got != maxForwards/4 {
		t.Errorf("the next has %d places, want half of what is left", got)
	}
	for range maxForwards / 2 {
		l.done(client(1))
	}
	for range maxForwards / 4 {
		l.done(client(2))
	}
	if l.taken != 0 || len(l.byClient) != 0 {
		t.Errorf("once all are given back %d are taken, by %d clients", l.taken, len(l.byClient))
	}
	fill(3)
	waits := make(chan struct{})
	go func() {
		l.wait(client(3))
		close(waits)
	}()
	l.done(client(3))
	<-waits
	if l.try(client(3)) {
		t.Error("who waited did not get the place")
	}
}

// The many queries of one client, which no upstream answers, leave places for
// those of another.
func TestOneClientDoesNotTakeAllForwards(t *testing.T) {
	var silent atomic.Int32
	h := handler(t, nil)
	forwarding(h, upstream(t, func(w dns.ResponseWriter, m *dns.Msg) {
		if m.Question[0].Name == "silent.example.net." {
			silent.Add(1)
			return
		}
		saying("www.example.net. 60 IN A 192.0.2.1")(w, m)
	}))
	server := serve(t, h)
	flood, err := net.Dial("udp", server)
	if err != nil {
		t.Fatal(err)
	}
	defer flood.Close()
	packet, _ := question("silent.example.net.", dns.TypeA).Pack()
	for scraped(t, h, "dnsd_forwards_dropped_total") == "0" {
		for range 200 {
			flood.Write(packet)
		}
	}
	other := dns.Client{Timeout: ample, Dialer: &net.Dialer{LocalAddr: &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)}, Timeout: ample}}
	reply, _, err := other.Exchange(question("www.example.net.", dns.TypeA), server)
	if err != nil || len(reply.Answer) != 1 {
		t.Errorf("while one client's queries wait, another one's reply is %v, %v", reply, err)
	}
	if silent.Load() == 0 {
		t.Error("the upstream was not asked")
	}
}
