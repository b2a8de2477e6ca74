package announce

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestCheck(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/elsewhere", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/broken", http.StatusFound) })
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	up := netip.MustParseAddrPort(server.Listener.Addr().String())
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	down := netip.MustParseAddrPort(closed.Addr().String())
	closed.Close()
	short := 50 * time.Millisecond

	for _, c := range []struct {
		claim  string
		check  Check
		target netip.AddrPort
		err    string // "": the check succeeds
	}{
		{"tcp succeeds where something listens", Check{Type: CheckTCP}, up, ""},
		{"tcp names the address and the reason", Check{Type: CheckTCP}, down, "tcp " + down.String() + ": connection refused"},
		{"the default is tcp", Check{}, down, "tcp " + down.String() + ": connection refused"},
		{"http succeeds with 200", Check{Type: CheckHTTP, Path: "/ok"}, up, ""},
		{"http succeeds with a redirection and does not follow it", Check{Type: CheckHTTP, Path: "/elsewhere"}, up, ""},
		{"http names the status", Check{Type: CheckHTTP, Path: "/broken"}, up, "http://" + up.String() + "/broken: 503 Service Unavailable"},
		{"http asks for / by default", Check{Type: CheckHTTP}, up, "http://" + up.String() + "/: 404 Not Found"},
		{"http names a refused connection", Check{Type: CheckHTTP}, down, "http://" + down.String() + "/: connection refused"},
		{"http has a time limit", Check{Type: CheckHTTP, Path: "/slow", Timeout: short}, up, "http://" + up.String() + "/slow: no answer within 50ms"},
		{"exec succeeds with 0", Check{Type: CheckExec, Command: []string{"true"}}, up, ""},
		{"exec tells the code and the last line", Check{Type: CheckExec, Command: []string{"sh", "-c", "echo a; echo not ready; exit 3"}}, up, `["sh" "-c" "echo a; echo not ready; exit 3"]: exit status 3: not ready`},
		{"exec succeeds with 0 though it leaves a child that keeps its output", Check{Type: CheckExec, Command: []string{"sh", "-c", "sleep 1000 & exit 0"}, Timeout: 30 * time.Second}, up, ""},
		{"exec has a time limit, also for its children", Check{Type: CheckExec, Command: []string{"sh", "-c", "sleep 1000 & wait"}, Timeout: short}, up, `["sh" "-c" "sleep 1000 & wait"]: no answer within 50ms`},
		{"exec names a command that is not there", Check{Type: CheckExec, Command: []string{"/nowhere/check"}}, up, `["/nowhere/check"]: no such file or directory`},
	} {
		t.Run(c.claim, func(t *testing.T) {
			if c.check.Timeout == 0 {
				c.check.Timeout = deadline
			}
			check, err := c.check.withDefaults()
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if err := check.once(t.Context(), c.target); err != nil {
				got = err.Error()
			}
			if got != c.err {
				t.Errorf("check = %q, want %q", got, c.err)
			}
		})
	}
}

func TestCheck_settings(t *testing.T) {
	for _, c := range []struct {
		check Check
		names string
	}{
		{Check{Type: "ping"}, `"ping"`},
		{Check{Type: CheckExec}, "no command"},
		{Check{Command: []string{"true"}}, `"true"`},
		{Check{Path: "/x"}, `"/x"`},
		{Check{Type: CheckHTTP, Path: "x"}, `"x"`},
		{Check{Port: 70000}, "70000"},
		{Check{Interval: -time.Second}, "interval -1s"},
		{Check{Interval: time.Millisecond}, "interval 1ms"},
		{Check{Timeout: -time.Second}, "timeout -1s"},
		{Check{Fall: -1}, "fall -1"},
	} {
		if _, err := c.check.withDefaults(); err == nil || !strings.Contains(err.Error(), c.names) {
			t.Errorf("%+v: error = %v, want it to name %s", c.check, err, c.names)
		}
	}
}

func TestCheck_keeps_no_more_of_what_a_command_says_than_its_end(t *testing.T) {
	var e tail
	for range 1000 {
		e.Write([]byte(strings.Repeat("x", 100_000)))
	}
	e.Write([]byte("\nthe reason\n"))
	if cap(e.text) > 4*tailSize || lastLine(string(e.text)) != "the reason" {
		t.Errorf("%d bytes are kept, the last line is %q", cap(e.text), lastLine(string(e.text)))
	}
}
