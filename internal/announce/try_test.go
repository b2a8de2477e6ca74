package announce

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestTry(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	open := netip.MustParseAddrPort(strings.TrimPrefix(server.URL, "http://"))
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := int(netip.MustParseAddrPort(silent.Addr().String()).Port())
	silent.Close()

	at := func(port int, c Check) Port {
		c.Timeout = deadline
		return Port{Address: open.Addr(), Port: port, Check: c}
	}
	up := Instance{Running: true, HostNetwork: true}
	for _, c := range []struct {
		claim    string
		port     Port
		instance Instance
		want     string // what: failure or skipped
	}{
		{"a port that listens", at(int(open.Port()), Check{}), up, "tcp: "},
		{"a port that refuses", at(closed, Check{}), up, "tcp: connection refused"},
		{"a page that is not there", at(int(open.Port()), Check{Type: CheckHTTP, Path: "/ping"}), up, "http: 404 Not Found"},
		{"a command is not run", at(closed, Check{Type: CheckExec, Command: []string{"false"}}), up, "exec: a command, which only the sidecar runs"},
		{"UDP without a check", Port{Address: open.Addr(), Port: closed, Protocol: "udp"}, up, ": nothing is checked: UDP"},
		{"HEALTHCHECK says healthy", at(closed, Check{}), Instance{Running: true, Health: "healthy"}, "HEALTHCHECK: "},
		{"HEALTHCHECK says unhealthy", at(closed, Check{}), Instance{Running: true, Health: "unhealthy", HealthLog: "no disk\n"}, "HEALTHCHECK: HEALTHCHECK: unhealthy: no disk"},
		{"a container that is down", at(int(open.Port()), Check{}), Instance{}, ": the container does not run"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			got := Config{HasContainer: true, Ports: []Port{c.port}}.Try(t.Context(), c.instance)[0]
			what, _, _ := strings.Cut(got.What, " ")
			switch {
			case strings.HasPrefix(got.What, "http://"):
				what = "http"
			case got.What == `["false"]`:
				what = "exec"
			}
			result := got.Failure + got.Skipped
			if i := strings.LastIndex(result, open.Addr().String()); i >= 0 {
				_, result, _ = strings.Cut(result[i:], ": ")
			}
			if have := what + ": " + result; have != c.want {
				t.Errorf("Try = %+v, in short %q, want %q", got, have, c.want)
			}
		})
	}
}
