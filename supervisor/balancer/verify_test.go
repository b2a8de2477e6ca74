package balancer

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/cutover"
	"rundock/internal/haproxy/haproxytest"
	"rundock/supervisor/switching"
	"rundock/supervisor/verifier"
)

// chatter starts an instance that answers requests, and websockets' pings.
func (f *field) chatter() (at string, stop func()) {
	at = haproxytest.Address()
	server := &http.Server{Addr: at, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" {
			io.Copy(w, r.Body)
			return
		}
		conn, both, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		chat(conn, both, r.Header.Get("Sec-Websocket-Key"))
	})}
	go server.ListenAndServe()
	stop = func() { server.Close() }
	f.t.Cleanup(stop)
	await.Nil(f.t, "it listens", func() error {
		conn, err := net.Dial("tcp", at)
		if err == nil {
			conn.Close()
		}
		return err
	})
	return at, stop
}

// chat answers each masked, empty ping by a pong, until the connection ends.
func chat(conn net.Conn, in *bufio.ReadWriter, key string) {
	accept := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	answer := []byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-Websocket-Accept: " +
		base64.StdEncoding.EncodeToString(accept[:]) + "\r\n\r\n")
	for frame := make([]byte, 6); ; {
		if _, err := conn.Write(answer); err != nil {
			return
		}
		if _, err := io.ReadFull(in, frame); err != nil {
			return
		}
		answer = []byte{0x8a, 0}
	}
}

// switchable is a field whose shop has an instance of each colour; blue is active.
func switchable(t *testing.T) (f *field, stopGreen func()) {
	f = newField(t, 2)
	blue, _ := f.chatter()
	green, stop := f.chatter()
	f.announce("node-1-blue", cutover.Blue, blue)
	f.announce("node-1-green", cutover.Green, green)
	f.first()
	return f, stop
}

func TestVerifySwitch_finds_no_failed_request(t *testing.T) {
	f, _ := switchable(t)
	var urls []string
	for _, b := range f.balancers {
		urls = append(urls, "http://"+b.front+"/")
	}
	told := verifier.Verify(t.Context(), f.store, f.host("front-1"), verifier.Settings{
		Service: "shop", Flips: 4, Between: 100 * time.Millisecond, Drain: 2, WebSocket: "ws://" + f.balancers[0].front + "/",
		Load: verifier.Load{URLs: urls, Kept: 8, Fresh: 4, Every: 10 * time.Millisecond, Timeout: time.Minute},
	}, func(line string) { t.Log(line) })
	t.Log(told.Text())
	if told.FailedAll() > 0 || told.Flips != 4 || told.Unflipped != "" || told.Sockets == 0 {
		t.Errorf("told = %+v", told)
	}
	for _, kind := range []string{"on kept connections", "on fresh connections", "by websocket"} {
		if told.Requests[kind] < 10 {
			t.Errorf("%d requests %s", told.Requests[kind], kind)
		}
	}
}

// What the verifier is to find, it finds: instances that end while they have the
// traffic.
func TestVerifySwitch_counts_and_explains_what_fails(t *testing.T) {
	f, stopGreen := switchable(t)
	told := verifier.Verify(t.Context(), f.store, f.host("front-1"), verifier.Settings{
		Service: "shop", Flips: 2, Drain: 1,
		Load: verifier.Load{URLs: []string{"http://" + f.balancers[0].front + "/"}, Kept: 2, Fresh: 2, Every: time.Millisecond, Timeout: time.Minute},
	}, func(line string) {
		t.Log(line)
		if strings.HasPrefix(line, "1:") {
			stopGreen() // which has the traffic
			time.AfterFunc(time.Second, func() { f.withdraw("node-1-green") })
		}
	})
	t.Log(told.Text())
	if told.FailedAll() == 0 || len(told.Failures) == 0 || told.Failures[0].Why == "" || told.Failures[0].Flip == 0 {
		t.Errorf("told = %+v", told)
	}
}

// One command leads, two load balancers with a HAProxy each follow.
func TestSwitch_by_rundockd(t *testing.T) {
	for _, c := range []struct {
		claim         string
		damage        func(*field)
		active        string
		refused, back string
	}{
		{"both follow", func(*field) {}, cutover.Green, "", ""},
		{"a balancer that is down is named", func(f *field) { f.balancers[1].stop(nil) }, cutover.Blue, "load balancer front-2 is down", ""},
		{"a colour that HAProxy's checks find unwell is named", func(f *field) {
			at := f.app("sick-1", 0).at
			f.announce("node-1-green", cutover.Green, at)
			// The one before it may be what they prepare otherwise.
			await.True(f.t, "both load balancers have found it unwell", func() bool {
				found := 0
				for _, ack := range f.view().Acks {
					if _, has := ack.Servers[at]; has && ack.Counters[cutover.Green].Up == 0 {
						found++
					}
				}
				return found == len(f.balancers)
			})
		},
			cutover.Blue, "", "0 of 1 servers of green are up: 127."},
		{"a HAProxy that is dead is named, and the other goes back", func(f *field) { f.balancers[1].Kill() }, cutover.Blue, "", "load balancer front-2 has not acknowledged prepared: HAProxy does not answer"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			f, _ := switchable(t)
			c.damage(f)
			r := switching.Request{Service: "shop", To: cutover.Green, Who: "ada", Drain: 2, Timeout: 4}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			o := switching.Switch(ctx, f.store, f.host("front-1"), r, func(line string) { t.Log(line) })
			if o.Active != c.active || !strings.Contains(o.Refused, c.refused) || !strings.Contains(o.Back, c.back) || (o.Refused+o.Back == "") != (c.refused+c.back == "") {
				t.Errorf("outcome = %+v", o)
			}
			if v := f.view(); v.State.Phase != cutover.Settled || v.State.Active != c.active {
				t.Errorf("state = %+v", v.State)
			}
		})
	}
}
