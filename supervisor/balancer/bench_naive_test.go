package balancer

import (
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/haproxy/haproxytest"
)

// naive are two HAProxys with one server each, as somebody sets them up who
// switches by a script, and the instance that has the requests.
type naive struct {
	t       *testing.T
	proxies []*haproxytest.Server
	fronts  []string
	app     *app
	field   *field // makes instances
}

// naiveConfig has the same defaults as ours.
const naiveConfig = `
global
    stats socket %s mode 600 level admin expose-fd listeners
    hard-stop-after 60s
defaults
    mode http
    option http-server-close
    retries 3
    option redispatch 1
    timeout connect 2s
    timeout queue 10s
    timeout http-request 30s
    timeout http-keep-alive 60s
    timeout client 60s
    timeout server 60s
frontend web
    bind %s
    default_backend shop
backend shop
    option httpchk GET /health
    default-server inter 500ms fastinter 100ms downinter 100ms rise 2 fall 3
    server s1 %s check
`

func newNaive(t *testing.T) *naive {
	n := &naive{t: t, field: &field{t: t}}
	n.app = n.field.app("first", 0)
	for range 2 {
		s := haproxytest.New(t)
		n.proxies, n.fronts = append(n.proxies, s), append(n.fronts, haproxytest.Address())
	}
	n.write(n.app.at)
	for i, s := range n.proxies {
		s.Start()
		await.Nil(t, "a request is answered", func() error { return post(newClient(true), "http://"+n.fronts[i]+"/", "x") })
	}
	return n
}

// write writes the configurations with the address of the instance.
func (n *naive) write(at string) {
	for i, s := range n.proxies {
		if err := os.WriteFile(s.Site.Config(), fmt.Appendf(nil, naiveConfig, s.Site.Socket, n.fronts[i], at), 0o600); err != nil {
			n.t.Fatal(err)
		}
	}
}

// bench gives the requests to another instance so many times, by move, which
// returns when that is done for all it knows; then the instance of before is
// stopped, as that of ours is. Requests are sent at least until the new one
// listens.
func (n *naive) bench(name string, flips int, move func(next *app)) side {
	got := side{name: name}
	load := startLoad(n.t, n.fronts, kept, fresh)
	for i := range flips {
		next := n.field.app(fmt.Sprintf("next-%d", i), late)
		move(next)
		if took := time.Since(next.listens); took > 0 {
			got.cold = append(got.cold, took)
		} else {
			got.blind++
		}
		n.app.stop()
		n.app = next
		time.Sleep(max(0, time.Until(next.listens)) + time.Second/2) // requests are to meet what was done
	}
	got.sent, got.failed = load.ended()
	return got
}

// benchReload waits until the instance listens, has HAProxy reload, and waits
// until the new process answers.
func benchReload(t *testing.T, flips int) side {
	n := newNaive(t)
	return n.bench("HAProxy reload", flips, func(next *app) {
		await.Nil(t, "it listens", func() error {
			conn, err := net.Dial("tcp", next.at)
			if err == nil {
				conn.Close()
			}
			return err
		})
		n.write(next.at)
		for _, s := range n.proxies {
			before, err := s.Socket().Info()
			if err == nil {
				err = s.Reload()
			}
			if err != nil {
				t.Fatal(err)
			}
			await.True(t, "another process answers", func() bool { now, err := s.Socket().Info(); return err == nil && now.PID != before.PID })
		}
	})
}

// benchSetAddr gives the server the instance's address, and takes the command's
// answer for its being there.
func benchSetAddr(t *testing.T, flips int) side {
	n := newNaive(t)
	return n.bench("set server addr", flips, func(next *app) {
		host, port, _ := net.SplitHostPort(next.at)
		for _, s := range n.proxies {
			if err := s.Socket().Do([]string{"set server shop/s1 addr " + host + " port " + port, "set server shop/s1 state ready"}); err != nil {
				t.Fatal(err)
			}
		}
	})
}
