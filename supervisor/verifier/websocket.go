package verifier

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"rundock/internal/pause"
)

// socket keeps a websocket open, and opens it anew where it was shut down.
type socket struct {
	url   *url.URL // ws://HOST[:PORT]/PATH
	host  string   // header; "": that of the URL
	every time.Duration
	due   func() bool // a connection may be shut down now: it is of before a switch whose drain time is over
}

// parseSocket reads ws://HOST[:PORT]/PATH.
func parseSocket(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err == nil && (u.Scheme != "ws" || u.Host == "") {
		err = fmt.Errorf("%q: want ws://HOST/PATH", text)
	}
	if err == nil && u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), "80")
	}
	return u, err
}

// run holds the websocket until ctx is done. Each ping that is answered counts.
func (s socket) run(ctx context.Context, t *tally) {
	for ctx.Err() == nil {
		conn, in, err := s.open(ctx)
		if err != nil {
			if ctx.Err() == nil {
				t.count(kindSocket, "websocket", err)
			}
			pause.For(ctx, s.every)
			continue
		}
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		err = s.hold(ctx, conn, in, t)
		stop()
		conn.Close()
		switch {
		case ctx.Err() != nil:
		case s.due():
			t.inTime()
		default:
			t.count(kindSocket, "websocket", fmt.Errorf("%w: %w", errEarly, err))
		}
	}
}

// open connects and has the connection become a websocket.
func (s socket) open(ctx context.Context) (net.Conn, *bufio.Reader, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.url.Host)
	if err != nil {
		return nil, nil, err
	}
	key := make([]byte, 16)
	rand.Read(key)
	r := &http.Request{Method: http.MethodGet, URL: s.url, Host: s.url.Host, Header: http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {base64.StdEncoding.EncodeToString(key)},
	}}
	if s.host != "" {
		r.Host = s.host
	}
	conn.SetDeadline(time.Now().Add(socketPatience))
	err = r.Write(conn)
	in := bufio.NewReader(conn)
	var answer *http.Response
	if err == nil {
		answer, err = http.ReadResponse(in, r)
	}
	if err == nil && answer.StatusCode != http.StatusSwitchingProtocols {
		err = &statusError{answer.StatusCode, "websocket: " + answer.Status}
	}
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, in, nil
}

// socketPatience is for an answer to a ping, or to become a websocket.
const socketPatience = 10 * time.Second

// hold sends pings until the connection ends, and says why it did.
func (s socket) hold(ctx context.Context, conn net.Conn, in *bufio.Reader, t *tally) error {
	for {
		conn.SetDeadline(time.Now().Add(socketPatience))
		if _, err := conn.Write(ping()); err != nil {
			return err
		}
		if err := pong(in); err != nil {
			return err
		}
		t.count(kindSocket, "websocket", nil)
		if err := pause.For(ctx, s.every); err != nil {
			return err
		}
	}
}

const (
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xa
)

// ping is the frame of one, without payload; what a client sends is masked.
func ping() []byte {
	frame := []byte{0x80 | opPing, 0x80, 0, 0, 0, 0}
	rand.Read(frame[2:])
	return frame
}

// pong reads frames up to one.
func pong(in *bufio.Reader) error {
	for {
		head := make([]byte, 2)
		if _, err := io.ReadFull(in, head); err != nil {
			return err
		}
		size := int64(head[1] & 0x7f)
		for _, wide := range []struct{ size, bytes int64 }{{126, 2}, {127, 8}} {
			if size != wide.size {
				continue
			}
			more := make([]byte, wide.bytes)
			if _, err := io.ReadFull(in, more); err != nil {
				return err
			}
			size = 0
			for _, b := range more {
				size = size<<8 | int64(b)
			}
			break
		}
		if _, err := io.CopyN(io.Discard, in, size); err != nil {
			return err
		}
		switch head[0] & 0xf {
		case opPong:
			return nil
		case opClose:
			return io.EOF
		}
	}
}
