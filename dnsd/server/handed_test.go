package server

import (
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net/netip"
	"sync"
	"testing"

	"github.com/miekg/dns"
	"golang.org/x/sys/unix"
)

// A connection is passed on between two queries, or within one, and not before
// the reply that an upstream is to give.
func TestAConnectionGoesOnInAnotherServer(t *testing.T) {
	t.Parallel()
	think, thinking := make(chan struct{}), make(chan struct{}, 1)
	h := handler(t, instances("web", 1))
	forwarding(h, upstream(t, func(w dns.ResponseWriter, m *dns.Msg) {
		thinking <- struct{}{}
		<-think
		saying("www.example.net. 60 IN A 192.0.2.1")(w, m)
	}))
	passed, left, done := make(chan HandedConn), make(chan struct{}, 3), make(chan error, 2)
	listening := make(chan netip.AddrPort, 1)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	first := &Server{Handler: h, Log: log, OnListen: func(a netip.AddrPort) { listening <- a }, PassOn: func(c HandedConn) bool {
		fd, err := duplicate(c.FD)
		if err != nil {
			return false
		}
		passed <- HandedConn{fd, c.Read}
		left <- struct{}{}
		return true
	}}
	second := &Server{Handler: handler(t, instances("web", 2)), Log: log, Adopted: passed}
	ctx, end := context.WithCancel(context.Background())
	defer end()
	firstCtx, endFirst := context.WithCancel(ctx)
	defer endFirst()
	go func() { done <- first.Run(firstCtx, []Address{{"127.0.0.1", 0}}) }()
	go func() { done <- second.Run(ctx, nil) }()
	server := (<-listening).String()

	quiet, part, waits := dialFrom(t, "127.0.0.1", server), dialFrom(t, "127.0.0.1", server), dialFrom(t, "127.0.0.1", server)
	for _, conn := range []*dns.Conn{quiet, part} {
		if err := answered(conn); err != nil {
			t.Fatal(err)
		}
	}
	packet, _ := question("web.s.prod.example.com.", dns.TypeA).Pack()
	framed := append(binary.BigEndian.AppendUint16(nil, uint16(len(packet))), packet...)
	part.Conn.Write(framed[:20])
	waits.WriteMsg(question("www.example.net.", dns.TypeA))
	<-thinking
	endFirst()
	<-left
	<-left
	part.Conn.Write(framed[20:])
	for _, conn := range []*dns.Conn{quiet, part} {
		if conn == quiet {
			conn.WriteMsg(question("web.s.prod.example.com.", dns.TypeA))
		}
		if reply, err := conn.ReadMsg(); err != nil || len(reply.Answer) != 2 {
			t.Errorf("the second server answers %v, %v", reply, err)
		}
	}
	close(think)
	if reply, err := waits.ReadMsg(); err != nil || len(reply.Answer) != 1 {
		t.Errorf("the upstream's reply: %v, %v", reply, err)
	}
	if err := answered(waits); err == nil {
		t.Error("the first server answers after its end")
	}
	end()
	for range 2 {
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
	}
}

// What cannot be adopted harms no other connection.
func TestADescriptorThatIsNoConnectionIsClosed(t *testing.T) {
	t.Parallel()
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[1])
	adopted, done := make(chan HandedConn), make(chan error)
	ctx, end := context.WithCancel(context.Background())
	s := &Server{Handler: handler(t, nil), Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Adopted: adopted}
	go func() { done <- s.Run(ctx, nil) }()
	adopted <- HandedConn{FD: pipe[0]}
	end()
	if err := <-done; err != nil {
		t.Errorf("Run = %v", err)
	}
	if _, err := unix.Write(pipe[1], []byte{0}); err != unix.EPIPE {
		t.Errorf("write to the other end: %v, want EPIPE", err)
	}
}

// Without another process clients that ask on and on see the end of the stream,
// all replies before it, and no reset.
func TestTheEndResetsNoConnection(t *testing.T) {
	t.Parallel()
	ctx, end := context.WithCancel(context.Background())
	listening, done := make(chan netip.AddrPort, 1), make(chan error)
	s := &Server{Handler: handler(t, instances("web", 60)), Log: slog.New(slog.NewTextHandler(io.Discard, nil)), OnListen: func(a netip.AddrPort) { listening <- a }}
	go func() { done <- s.Run(ctx, []Address{{"127.0.0.1", 0}}) }()
	server := (<-listening).String()
	var busy, asking sync.WaitGroup
	for range 8 {
		conn := dialFrom(t, "127.0.0.1", server)
		asking.Add(1)
		busy.Go(func() {
			var err error
			for i := 0; err == nil; i++ {
				for range 4 {
					conn.WriteMsg(question("web.s.prod.example.com.", dns.TypeSRV))
				}
				for j := 0; j < 4 && err == nil; j++ {
					_, err = conn.ReadMsg()
				}
				if i == 10 {
					asking.Done()
				}
			}
			if err != io.EOF {
				t.Errorf("a connection ends by %v", err)
			}
			conn.Close()
		})
	}
	asking.Wait()
	end()
	busy.Wait()
	if err := <-done; err != nil {
		t.Errorf("Run = %v", err)
	}
}
