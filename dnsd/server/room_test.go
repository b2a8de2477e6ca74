package server

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"rundock/internal/netnstest"

	"github.com/miekg/dns"
	"golang.org/x/sys/unix"
)

// A network that takes replies more slowly than they are made fills the
// socket's memory: they wait then, and none is lost.
func TestRepliesWaitForRoom(t *testing.T) {
	const queries = 1500 // whose replies take more memory than a socket has
	here, there := netnstest.New(t, "server"), netnstest.New(t, "client")
	here.Cable("eth0", there, "eth0", 1500)
	here.Sh("ip addr add 192.0.2.1/24 dev eth0; ip link set eth0 up; tc qdisc add dev eth0 root tbf rate 8mbit burst 2000 limit 10mb")
	there.Sh("ip addr add 192.0.2.2/24 dev eth0; ip link set eth0 up")
	var socket *udpSocket
	var err error
	here.Do(func() { socket, err = listenUDP(netip.MustParseAddrPort("192.0.2.1:53")) })
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	s := &Server{Handler: handler(t, instances("web", 3))}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(done)
		s.serveUDP(ctx, socket)
	}()
	t.Cleanup(func() {
		cancel()
		socket.end()
		<-done
		socket.close()
	})
	var conn *net.UDPConn
	there.Do(func() {
		conn, err = net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.1:53")))
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16<<20) })
	if err != nil {
		t.Fatal(err)
	}
	packet, _ := question("web.s.prod.example.com.", dns.TypeSRV).Pack()
	for range queries {
		if _, err := conn.Write(packet); err != nil {
			t.Fatal(err)
		}
	}
	conn.SetReadDeadline(time.Now().Add(ample))
	buf := make([]byte, 1500)
	for i := range queries {
		if _, err := conn.Read(buf); err != nil {
			t.Fatalf("%d of %d replies came: %v", i, queries, err)
		}
	}
}
