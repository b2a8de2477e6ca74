package previewroute

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"rundock/internal/preview"
	"rundock/internal/registry/registrytest"
)

func TestRouter_finds_previews_by_the_host_header(t *testing.T) {
	g := newRig(t)
	s := ready(app(t, says("main")))
	s.Routes["api"] = []string{app(t, says("api"))}
	g.set(s)
	for host, want := range map[string]string{
		"akira.y.example.com": "main", "AKIRA.y.example.com.:80": "main", "api.akira.y.example.com": "api",
		"api--akira.y.example.com": "api", "www.akira.y.example.com": "main",
	} {
		if res, text := g.ask("GET", host, ""); res.StatusCode != 200 || text != want {
			t.Errorf("%s: %d %s, want %s", host, res.StatusCode, text, want)
		}
	}
	for _, host := range []string{"akira.y.evil.com", "nope.y.example.com", "y.example.com", "127.0.0.1"} {
		if res, text := g.ask("GET", host, ""); res.StatusCode != 404 || strings.Contains(text, "akira:") && !strings.Contains(host, "akira") {
			t.Errorf("%s: %d %s, want 404, and no names of others", host, res.StatusCode, text)
		}
	}
}

func TestRouter_passes_on_what_the_client_sent(t *testing.T) {
	g := newRig(t)
	g.set(ready(app(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s %s", r.Method, r.Host, r.RequestURI, r.Header.Get("Accept-Encoding"), body)
	})))
	conn, err := net.Dial("tcp", g.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "PUT /a%2Fb?x=1;y=%zz HTTP/1.1\r\nHost: akira.y.example.com\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc")
	answer, _ := io.ReadAll(conn)
	if want := "PUT akira.y.example.com /a%2Fb?x=1;y=%zz  abc"; !strings.HasSuffix(string(answer), want) {
		t.Errorf("the instance got other than %q: %s", want, answer)
	}
}

func TestRouter_replaces_what_clients_claim_and_extends_what_a_trusted_proxy_says(t *testing.T) {
	told := func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-Ip", "Forwarded"} {
			fmt.Fprintf(w, "%s=%s;", name, strings.Join(r.Header.Values(name), ", "))
		}
	}
	forged := []string{"X-Forwarded-For", "6.6.6.6", "X-Forwarded-Proto", "https", "X-Real-IP", "6.6.6.6", "Forwarded", "for=6.6.6.6"}
	g := newRig(t)
	g.set(ready(app(t, told)))
	if _, text := g.ask("GET", "akira.y.example.com", "", forged...); text != "X-Forwarded-For=127.0.0.1;X-Forwarded-Proto=http;X-Forwarded-Host=akira.y.example.com;X-Real-Ip=;Forwarded=;" {
		t.Errorf("forged headers reach the instance: %s", text)
	}
	behind := newRig(t, "127.0.0.0/8")
	behind.set(ready(app(t, told)))
	if _, text := behind.ask("GET", "akira.y.example.com", "", forged...); text != "X-Forwarded-For=6.6.6.6, 127.0.0.1;X-Forwarded-Proto=https;X-Forwarded-Host=akira.y.example.com;X-Real-Ip=6.6.6.6;Forwarded=;" {
		t.Errorf("a trusted proxy's headers are not extended: %s", text)
	}
}

func TestRouter_escapes_the_name_of_what_is_not_there(t *testing.T) {
	g := newRig(t)
	g.set()
	conn, err := net.Dial("tcp", g.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// Package http refuses a < in a Host header, and the path is not shown.
	fmt.Fprint(conn, "GET /<script>alert(1)</script> HTTP/1.1\r\nHost: a&b'c.y.example.com\r\nAccept: text/html\r\nConnection: close\r\n\r\n")
	data, _ := io.ReadAll(conn)
	text := string(data)
	if !strings.HasPrefix(text, "HTTP/1.1 404") || strings.Contains(text, "<script") || !strings.Contains(text, "a&amp;b&#39;c.y") || !strings.Contains(text, "Cache-Control: no-store") {
		t.Errorf("answer: %s", text)
	}
}

func TestRouter_has_browsers_wait_for_a_preview_and_tells_programs(t *testing.T) {
	g := newRig(t)
	browser := []string{"Accept", "text/html,*/*;q=0.8"}
	for _, step := range []preview.Step{preview.Queued, preview.Building, preview.Deploying, preview.Failed} {
		g.set(preview.State{Name: "akira", Step: step, Reason: "line 3: <b>no</b>"})
		res, text := g.ask("GET", "akira.y.example.com", "", browser...)
		if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" || res.Header.Get("Cache-Control") != "no-store" || !strings.Contains(text, `http-equiv="refresh"`) || strings.Contains(text, "<b>no") {
			t.Errorf("%s: a browser gets %d %v %s", step, res.StatusCode, res.Header, text)
		}
		for _, method := range []string{"GET", "POST"} {
			if res, text := g.ask(method, "akira.y.example.com", ""); res.StatusCode != 503 || res.Header.Get("Retry-After") == "" || !strings.HasPrefix(text, "akira: ") || strings.Contains(text, "<html") {
				t.Errorf("%s: a program gets %d %s", step, res.StatusCode, text)
			}
		}
	}
	g.set(ready(app(t, says("the app"))))
	if res, text := g.ask("GET", "akira.y.example.com", "", browser...); res.StatusCode != 200 || text != "the app" {
		t.Errorf("once it is ready, a browser gets %d %s", res.StatusCode, text)
	}
}

func TestRouter_goes_on_serving_the_last_good_commit(t *testing.T) {
	g := newRig(t)
	s := ready(app(t, says("good")))
	for _, s.Step = range []preview.Step{preview.Queued, preview.Building, preview.Deploying, preview.Failed} {
		g.set(s)
		if res, text := g.ask("GET", "akira.y.example.com", ""); res.StatusCode != 200 || text != "good" {
			t.Errorf("%s: %d %s", s.Step, res.StatusCode, text)
		}
	}
}

func TestRouter_drops_cookies_for_what_is_above_a_preview(t *testing.T) {
	g := newRig(t)
	g.set(ready(app(t, func(w http.ResponseWriter, r *http.Request) {
		for _, c := range []string{"own=1", "parent=1; Domain=.y.example.com", "self=1; Domain=akira.y.example.com", "top=1; Domain=example.com"} {
			w.Header().Add("Set-Cookie", c)
		}
	})))
	res, _ := g.ask("GET", "akira.y.example.com", "")
	if got := res.Header.Values("Set-Cookie"); !slices.Equal(got, []string{"own=1", "self=1; Domain=akira.y.example.com"}) {
		t.Errorf("cookies that reach the client: %q", got)
	}
}

func TestRouter_says_that_an_instance_does_not_answer(t *testing.T) {
	g := newRig(t)
	g.router.patience = 0
	g.set(ready(registrytest.Address()))
	for _, method := range []string{"GET", "POST"} {
		if res, text := g.ask(method, "akira.y.example.com", "x"); res.StatusCode != 503 || res.Header.Get("Retry-After") == "" || !strings.Contains(text, "not answering") {
			t.Errorf("%s without an instance: %d %s", method, res.StatusCode, text)
		}
	}
	g.set(ready(app(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })))
	if res, text := g.ask("POST", "akira.y.example.com", "x"); res.StatusCode != 502 || !strings.Contains(text, "no answer") {
		t.Errorf("an instance that hangs up: %d %s", res.StatusCode, text)
	}
}

func TestRouter_serves_metrics_and_health(t *testing.T) {
	g := newRig(t)
	_, admin := server(t, &http.Server{Handler: g.router.admin()})
	get := func(path string) (int, string) {
		t.Helper()
		res, err := http.Get("http://" + admin + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		data, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(data)
	}
	if code, _ := get("/healthz"); code != 503 {
		t.Errorf("health without a table: %d", code)
	}
	if res, _ := g.ask("GET", "akira.y.example.com", ""); res.StatusCode != 503 {
		t.Errorf("a request without a table: %d", res.StatusCode)
	}
	g.set(ready(app(t, says("well"))))
	g.ask("GET", "akira.y.example.com", "")
	if code, _ := get("/healthz"); code != 200 {
		t.Errorf("health: %d", code)
	}
	_, text := get("/metrics")
	for _, line := range []string{`previewd_route_answers_total{class="2xx"} 1`, `previewd_route_answers_total{class="5xx"} 1`, "previewd_route_previews 1", "previewd_route_streams 0"} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("metrics lack %q", line)
		}
	}
}

func TestRouter_drops_whatever_else_clients_claim_however_it_is_spelt(t *testing.T) {
	g := newRig(t)
	g.set(ready(app(t, func(w http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			fmt.Fprintln(w, name)
		}
	})))
	conn, err := net.Dial("tcp", g.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// Programs by CGI and WSGI take _ and - for the same.
	for _, name := range []string{"X-Forwarded-User", "x-forwarded-email", "X-Forwarded", "X_Forwarded_For", "X-Forwarded_Proto", "X_Real_IP", "True_Client-IP", "X-Forwarded-Anything"} {
		fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: akira.y.example.com\r\n%s: forged\r\nX-Forwardedish: mine\r\nX_Mine: mine\r\n\r\n", name)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		got := strings.Fields(string(body))
		slices.Sort(got)
		if want := []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwardedish", "X_mine"}; !slices.Equal(got, want) {
			t.Errorf("of a client's %s the instance got %v, want %v", name, got, want)
		}
	}
}

func TestRouter_believes_a_trusted_proxy_but_no_header_with_underscores(t *testing.T) {
	g := newRig(t, "127.0.0.0/8")
	g.set(ready(app(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s,%s", r.Header.Get("X-Forwarded-User"), r.Header.Get("X_Forwarded_User"))
	})))
	if _, text := g.ask("GET", "akira.y.example.com", "", "X-Forwarded-User", "ada", "X_Forwarded_User", "forged"); text != "ada," {
		t.Errorf("the instance got %q, want what the proxy says", text)
	}
}

// What is an HTTP/2 connection to an instance has requests that nobody looks at.
func TestRouter_asks_no_instance_for_http2_by_upgrade(t *testing.T) {
	g := newRig(t)
	g.set(ready(app(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s,%s,%s", r.Header.Get("Upgrade"), r.Header.Get("Connection"), r.Header.Get("Http2-Settings"))
	})))
	for upgrade, want := range map[string]string{"h2c": ",,", "H2C": ",,", "websocket, h2c": ",,", "websocket": "websocket,Upgrade,"} {
		if _, text := g.ask("GET", "akira.y.example.com", "", "Connection", "Upgrade, HTTP2-Settings", "Upgrade", upgrade, "HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA"); text != want {
			t.Errorf("Upgrade: %s: the instance got %q, want %q", upgrade, text, want)
		}
	}
}
