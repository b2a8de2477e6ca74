package previewweb

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"rundock/supervisor/previewweb/access"
)

func TestAccess_is_by_scope(t *testing.T) {
	g := newRig(t)
	for _, c := range []struct {
		scope        access.Scope
		method, path string
		want         int
	}{
		{"", "GET", "/api/v1/previews", 401},
		{"", "POST", "/api/v1/previews/x/stop", 401},
		{"", "GET", "/api/v1/openapi.json", 200},
		{access.Read, "GET", "/api/v1/previews", 200},
		{access.Read, "POST", "/api/v1/previews/x/stop", 403},
		{access.Read, "DELETE", "/api/v1/previews/x", 403},
		{access.Read, "PUT", "/api/v1/previews/x/env/A", 403},
		{access.Deploy, "POST", "/api/v1/previews/x/stop", 404},
		{access.Deploy, "PUT", "/api/v1/env/A", 403},
		{access.Deploy, "DELETE", "/api/v1/repos/shop/env/A", 403},
		{access.Deploy, "PUT", "/api/v1/repos/shop", 403},
		{access.Admin, "DELETE", "/api/v1/repos/shop/env/A", 404},
	} {
		res, text := g.send(g.request(c.scope, c.method, c.path, ""))
		if res.StatusCode != c.want {
			t.Errorf("%s %s with scope %q = %s %s, want %d", c.method, c.path, c.scope, res.Status, text, c.want)
		}
		if asked := res.Header.Get("WWW-Authenticate"); (c.want == 401) != strings.HasPrefix(asked, "Basic") {
			t.Errorf("%s %s with scope %q: WWW-Authenticate %q", c.method, c.path, c.scope, asked)
		}
		if res.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s %s sets a cookie", c.method, c.path)
		}
	}
}

func TestPages_of_others_cannot_post(t *testing.T) {
	g := newRig(t)
	g.expect(201, access.Deploy, "POST", "/api/v1/previews", `{"repo":"shop","branch":"main"}`, nil)
	for claim, headers := range map[string][]string{
		"a preview's page beside it":    {"Sec-Fetch-Site", "same-site", "Origin", "http://akira.y.example.com"},
		"any other page":                {"Sec-Fetch-Site", "cross-site", "Origin", "http://evil.example.org"},
		"a browser that says no site":   {"Origin", "http://akira.y.example.com"},
		"a page without an origin":      {"Origin", "null"},
		"a page that lies of its site":  {"Sec-Fetch-Site", "same-site"},
		"a form that a preview's posts": {"Sec-Fetch-Site", "same-site", "Content-Type", "application/x-www-form-urlencoded"},
	} {
		for _, path := range []string{"/api/v1/previews/main/stop", "/previews/main/stop"} {
			if res, text := g.send(g.request(access.Admin, "POST", path, "", headers...)); res.StatusCode != http.StatusForbidden {
				t.Errorf("%s: POST %s = %s %s, want 403", claim, path, res.Status, text)
			}
		}
	}
	if w := g.wish("main"); w.Want != "running" {
		t.Errorf("the wish is %+v", w)
	}
	if res, text := g.send(g.request(access.Admin, "POST", "/api/v1/previews/main/stop", "", "Sec-Fetch-Site", "same-origin")); res.StatusCode != 202 {
		t.Errorf("the page itself: %s %s", res.Status, text)
	}
}

func TestWithout_tokens_it_is_for_loopback_by_its_names(t *testing.T) {
	g := newRig(t)
	guard, err := access.Open("", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	g.stop()
	g.parts.guard = guard
	g.start()
	for host, want := range map[string]int{"": 200, "localhost:80": 200, "[::1]:80": 200, "127.0.0.1": 200, "preview.example.com": 403, "localhost.example.com": 403} {
		req := g.request("", "GET", "/api/v1/previews", "")
		if host != "" {
			req.Host = host
		}
		if res, text := g.send(req); res.StatusCode != want {
			t.Errorf("Host %q: %s %s, want %d", host, res.Status, text, want)
		}
	}
}

func TestOptions_refuse(t *testing.T) {
	good := options{listen: "127.0.0.1:9155", previews: "http", files: "/etc/rundock/preview"}
	if err := good.check(nil); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*options){
		"--access is needed": func(o *options) { o.listen = "0.0.0.0:80" },
		"10.0.0.5:80":        func(o *options) { o.listen = "10.0.0.5:80" },
		"want ADDRESS:PORT":  func(o *options) { o.listen = ":80" },
		"go together":        func(o *options) { o.cert = "x" },
		"--previews ftp":     func(o *options) { o.previews = "ftp" },
		"--previews https:x": func(o *options) { o.previews = "https:x" },
		"--files":            func(o *options) { o.files = "etc" },
		"--most":             func(o *options) { o.rules.Most = -1 },
	} {
		o := good
		change(&o)
		if err := o.check(nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
	if err := good.check([]string{"akira"}); err == nil || !strings.Contains(err.Error(), "akira") {
		t.Errorf("a word too many: %v", err)
	}
	for text, want := range map[string]string{"http": "http ", "https:8443": "https 8443"} {
		if scheme, port, err := splitPreviews(text); err != nil || fmt.Sprint(scheme, " ", port) != want {
			t.Errorf("splitPreviews(%s) = %s, %s, %v", text, scheme, port, err)
		}
	}
}
