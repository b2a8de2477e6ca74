package server

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// readMessage returns one message without its length.
func readMessage(r io.Reader) ([]byte, error) {
	var length [2]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	packet := make([]byte, binary.BigEndian.Uint16(length[:]))
	_, err := io.ReadFull(r, packet)
	return packet, err
}

func dialTCP(t *testing.T, server string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(60 * time.Second))
	return conn
}

// closed waits for the server to close a connection, which it does not by a reset.
func closed(t *testing.T, conn net.Conn) {
	t.Helper()
	if n, err := io.Copy(io.Discard, conn); err != nil || n > 0 {
		t.Errorf("the connection is not closed: %d bytes, %v", n, err)
	}
}

func TestAConnectionWithoutQueriesIsClosed(t *testing.T) {
	t.Parallel()
	server := serve(t, handler(t, instances("web", 1)))
	silent, half, used := dialTCP(t, server), dialTCP(t, server), dialTCP(t, server)
	packet, _ := question("web.s.prod.example.com.", dns.TypeA).Pack()
	framed := append(binary.BigEndian.AppendUint16(nil, uint16(len(packet))), packet...)
	half.Write(framed[:len(framed)-1])
	used.Write(framed)
	if reply, err := readMessage(used); err != nil || !bytes.Equal(reply[:2], packet[:2]) {
		t.Errorf("reply is %x, %v", reply, err)
	}
	for _, conn := range []net.Conn{silent, half, used} {
		closed(t, conn)
	}
}

// What is no query ends a connection at once; a broken one is answered.
func TestBrokenQueriesOverTCP(t *testing.T) {
	t.Parallel()
	server := serve(t, handler(t, instances("web", 1)))
	conn := dialTCP(t, server)
	for _, packet := range []string{"1234 0100 0001 0000 0000 0000 ffff", "1234 0100 0000 0000 0000 0000"} {
		b := unhex(t, packet)
		conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...))
		reply, err := readMessage(conn)
		if err != nil || len(reply) != headerLen || reply[3]&15 != dns.RcodeFormatError {
			t.Errorf("reply to %s is %x, %v", packet, reply, err)
		}
	}
	conn.Write([]byte{0, 3, 'G', 'E', 'T'})
	closed(t, conn)
}

// A query that waits for an upstream holds up none behind it.
func TestRepliesOverTCPOvertake(t *testing.T) {
	t.Parallel()
	think := make(chan struct{})
	h := handler(t, instances("web", 1))
	forwarding(h, upstream(t, func(w dns.ResponseWriter, m *dns.Msg) {
		<-think
		saying("www.example.net. 60 IN A 192.0.2.1")(w, m)
	}))
	conn := &dns.Conn{Conn: dialTCP(t, serve(t, h))}
	slow, fast := question("www.example.net.", dns.TypeA), question("web.s.prod.example.com.", dns.TypeA)
	for _, m := range []*dns.Msg{slow, fast} {
		if err := conn.WriteMsg(m); err != nil {
			t.Fatal(err)
		}
	}
	if reply, err := conn.ReadMsg(); err != nil || reply.Id != fast.Id || len(reply.Answer) != 1 {
		t.Errorf("first reply is %v, %v", reply, err)
	}
	close(think)
	if reply, err := conn.ReadMsg(); err != nil || reply.Id != slow.Id {
		t.Errorf("second reply is %v, %v", reply, err)
	}
}

func TestAClientThatDoesNotReadIsCutOff(t *testing.T) {
	t.Parallel()
	conn := dialTCP(t, serve(t, handler(t, instances("web", 60))))
	packet, _ := question("web.s.prod.example.com.", dns.TypeSRV).Pack()
	framed := append(binary.BigEndian.AppendUint16(nil, uint16(len(packet))), packet...)
	var err error
	for err == nil {
		_, err = conn.Write(framed)
	}
	if late := net.Error(nil); errors.As(err, &late) && late.Timeout() {
		t.Errorf("after a minute of replies that nobody reads: %v", err)
	}
}
