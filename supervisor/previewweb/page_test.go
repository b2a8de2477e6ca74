package previewweb

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/preview"
	"rundock/internal/preview/ledger"
	"rundock/internal/preview/settings"
	"rundock/supervisor/previewweb/access"
)

// look returns a page, as who has a scope sees it.
func (g *rig) look(scope access.Scope, path string) string {
	g.Helper()
	return g.expect(200, scope, "GET", path, "", nil)
}

// submit sends a form, and returns the page that it leads to.
func (g *rig) submit(path string, values url.Values) string {
	g.Helper()
	res, text := g.send(g.request(access.Admin, "POST", path, values.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin"))
	if res.StatusCode != http.StatusSeeOther {
		g.Fatalf("POST %s %v = %s %s, want 303", path, values, res.Status, text)
	}
	to, _, _ := strings.Cut(res.Header.Get("Location"), "#")
	return g.look(access.Admin, to)
}

// shows waits until the page at path has all that is wanted: the server learns of it from the store.
func (g *rig) shows(what string, scope access.Scope, path string, wants ...string) {
	g.Helper()
	await.Empty(g, what, func() string {
		text := g.look(scope, path)
		for _, want := range wants {
			if !strings.Contains(text, want) {
				return fmt.Sprintf("it has no %q: %s", want, text)
			}
		}
		return ""
	})
}

func expectAll(t *testing.T, what, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%s has no %q: %s", what, want, text)
		}
	}
}

func TestPage_is_usable_by_forms_alone(t *testing.T) {
	g := newRig(t)
	g.shows("the first page", access.Admin, "/", "There are no previews", `href="/repos/shop"`, "<h1>Previews</h1>")
	g.shows("the branches", access.Admin, "/repos/shop", "feature/Foo_bar", `aria-label="Create a preview of main"`)
	if text := g.look(access.Admin, "/repos/shop?having=MAI"); strings.Contains(text, "Foo_bar") || !strings.Contains(text, "preview of main") {
		t.Errorf("the branches that have mai in them: %s", text)
	}
	text := g.submit("/previews", url.Values{"repo": {"shop"}, "branch": {"feature/Foo_bar"}})
	expectAll(t, "the preview", text, "<h1>Preview feature-foo-bar</h1>", "queued", "it is built and deployed now", "http://feature-foo-bar.y.example.com/", "create feature/Foo_bar of shop")
	const path = "/previews/feature-foo-bar"
	for _, c := range []struct {
		deed string
		want func(preview.Wish) bool
		text string
	}{
		{"pin", func(w preview.Wish) bool { return w.Pinned }, "never"},
		{"unpin", func(w preview.Wish) bool { return !w.Pinned }, "pinned no longer"},
		{"stop", func(w preview.Wish) bool { return w.Want == preview.Stopped }, "Start"},
		{"start", func(w preview.Wish) bool { return w.Want == preview.Running }, "Stop"},
		{"deploy", func(w preview.Wish) bool { return w.Try == 1 }, "is to be deployed"},
	} {
		expectAll(t, "the page after "+c.deed, g.submit(path+"/"+c.deed, nil), c.text)
		if w := g.wish("feature-foo-bar"); !c.want(w) {
			t.Errorf("after %s the wish is %+v", c.deed, w)
		}
	}
	for _, at := range []struct {
		path, page string
		scope      settings.Scope
	}{{path + "/env", path, settings.OfPreview("feature-foo-bar")}, {"/repos/shop/env", "/repos/shop", settings.OfRepo("shop")}, {"/env", "/settings", settings.Global}} {
		text := g.submit(at.path, url.Values{"variable": {"TOKEN"}, "value": {"swordfish"}, "do": {"set"}})
		expectAll(t, "the page of settings", text, "<code>TOKEN</code>", `aria-label="Remove TOKEN"`)
		if strings.Contains(text, "swordfish") {
			t.Errorf("the value is on the page %s", at.page)
		}
		if text := g.submit(at.path, url.Values{"variable": {"TOKEN"}, "do": {"drop"}}); strings.Contains(text, "<code>TOKEN</code>") {
			t.Errorf("%s has a variable that was taken away", at.page)
		}
	}
	expectAll(t, "the settings", g.submit("/repos", url.Values{"repo": {"blog"}, "url": {"https://example.com/blog.git"}}), "Repository blog")
	if repos, err := g.ledger.Repos(t.Context()); err != nil || repos["blog"].URL != "https://example.com/blog.git" {
		t.Errorf("repositories %+v, %v", repos, err)
	}
	expectAll(t, "the preview on its way out", g.submit(path+"/remove", nil), "being removed")
	g.shows("the events", access.Read, "/events", "my-admin", "remove", "write repository blog")
}

func TestPage_shows_who_may_only_look_no_forms(t *testing.T) {
	g := newRig(t)
	g.expect(201, access.Deploy, "POST", "/api/v1/previews", `{"repo":"shop","branch":"main"}`, nil)
	for _, path := range []string{"/", "/previews/main", "/repos/shop", "/settings"} {
		if text := g.look(access.Read, path); strings.Contains(text, `<form method="post"`) {
			t.Errorf("%s has a form for who may read", path)
		}
	}
	for _, path := range []string{"/repos/shop/env", "/env", "/repos"} {
		if res, _ := g.send(g.request(access.Deploy, "POST", path, "")); res.StatusCode != 403 {
			t.Errorf("POST %s by who may deploy = %s, want 403", path, res.Status)
		}
	}
	res, text := g.send(g.request("", "GET", "/", "", "Accept", "text/html"))
	if res.StatusCode != 401 || !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Basic") || strings.Contains(text, "main.y.example.com") {
		t.Errorf("without a token: %s %s", res.Status, text)
	}
}

func TestPage_shows_what_others_wrote_as_text(t *testing.T) {
	g := newRig(t)
	const evil = `<script>alert("x")</script>`
	g.git.Commit("x/"+strings.NewReplacer(" ", "", "\"", "", "(", "", ")", "").Replace(evil), nil)
	branch := `x/<script>alertx</script>`
	text := g.submit("/previews", url.Values{"repo": {"shop"}, "branch": {branch}, "name": {"evil"}})
	g.put(preview.State{Name: "evil", Step: preview.Failed, Since: time.Now(), Reason: evil})
	g.writeLog("evil", time.Now(), 1, evil, "\x1b[31mred\x1b[0m")
	if err := g.ledger.Note(t.Context(), ledger.Event{Time: time.Now(), Preview: "evil", Who: evil, What: evil}); err != nil {
		t.Fatal(err)
	}
	await.True(t, "the failure is shown", func() bool {
		text = g.look(access.Admin, "/previews/evil")
		return strings.Contains(text, "failed") && strings.Count(text, "&lt;script&gt;") >= 5 && strings.Contains(text, "red\n")
	})
	g.put(preview.State{Name: "evil", Step: preview.Ready, Host: "node-back-2", Since: time.Now(), Routes: map[string][]string{"": {"10.0.0.12:21000"}}})
	await.True(t, "the page says that the log is on another host", func() bool {
		text := g.look(access.Admin, "/previews/evil")
		return strings.Contains(text, "the builder of node-back-2 is away") && strings.Contains(text, "<dd>node-back-2; <strong>not heard of: node-back-2</strong></dd>") && strings.Contains(g.look(access.Read, "/site"), "preview evil")
	})
	for _, path := range []string{"/previews/evil", "/", "/events", "/repos/shop"} {
		if text := g.look(access.Admin, path); strings.Contains(text, "<script>") || strings.Contains(text, "\x1b") {
			t.Errorf("%s has a script of others, or an escape: %s", path, text)
		}
	}
	res, text := g.send(g.request(access.Admin, "GET", "/previews/"+url.PathEscape(evil), ""))
	if res.StatusCode != 404 || strings.Contains(text, "<script>") || !strings.Contains(text, "&lt;script&gt;") {
		t.Errorf("of a preview that there is not: %s %s", res.Status, text)
	}
}

func TestPage_tells_what_is_wrong(t *testing.T) {
	g := newRig(t)
	for _, c := range []struct {
		code         int
		method, path string
		form, names  string
	}{
		{404, "GET", "/nope", "", "/nope"},
		{404, "GET", "/previews/nope", "", "nope"},
		{404, "GET", "/repos/nope", "", "nope"},
		{404, "POST", "/previews/nope/stop", "", "nope"},
		{404, "POST", "/previews/nope/env", "variable=A&value=1", "nope"},
		{404, "POST", "/repos/nope/env", "variable=A&value=1", "nope"},
		{400, "POST", "/env", "variable=1A&value=swordfish", "1A"},
		{400, "POST", "/previews", "repo=shop&branch=-x", "hyphen"},
		{404, "POST", "/previews", "repo=shop&branch=nope", "nope"},
		{400, "POST", "/repos", "repo=x&url=file:///etc", "file"},
		{400, "POST", "/env", "%zz", "form"},
	} {
		res, text := g.send(g.request(access.Admin, c.method, c.path, c.form, "Content-Type", "application/x-www-form-urlencoded"))
		if res.StatusCode != c.code || !strings.Contains(text, c.names) || !strings.Contains(text, "<h1>") || strings.Contains(text, "swordfish") {
			t.Errorf("%s %s %s = %s %s, want %d and %q", c.method, c.path, c.form, res.Status, text, c.code, c.names)
		}
	}
}

func TestPage_allows_no_script_but_its_own(t *testing.T) {
	g := newRig(t)
	g.fillSite()
	for _, path := range []string{"/", "/settings", "/events", "/site", "/repos/shop", "/nope"} {
		res, text := g.send(g.request(access.Admin, "GET", path, ""))
		policy := res.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || res.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %v", path, res.Header)
		}
		if found := regexp.MustCompile(`<script(?: [^>]*)?>[^<]|style=|<style| on[a-z]+=`).FindString(text); found != "" {
			t.Errorf("%s has %q in it", path, found)
		}
	}
	g.shows("the site", access.Read, "/site", "<svg", "node-back-1", "shop/web.1", "Release 2: current", "influxdb", "not heard of")
}

func TestPage_says_that_the_store_is_away(t *testing.T) {
	g := newRig(t)
	g.expect(201, access.Deploy, "POST", "/api/v1/previews", `{"repo":"shop","branch":"main"}`, nil)
	g.etcd.Kill()
	await.True(t, "the page says so", func() bool { return strings.Contains(g.look(access.Read, "/"), "the last known") })
	g.shows("the last known", access.Read, "/previews/main", "the last known", "main.y.example.com")
	if res, text := g.send(g.request(access.Admin, "POST", "/previews/main/stop", "")); res.StatusCode != 503 || !strings.Contains(text, "The store does not answer") && !strings.Contains(text, "the store does not answer") {
		t.Errorf("a change: %s %s", res.Status, text)
	}
}

// twoHundred writes as many previews, as ledger and builders would.
func (g *rig) twoHundred() {
	g.Helper()
	l := g.ledger
	l.Rules.Most = 200
	for i := range 200 {
		w, err := l.Ask(g.Context(), "shop", fmt.Sprintf("feature/number-%d-of-many", i), "", func(w preview.Wish) preview.Wish {
			w.Commit, w.Asked, w.Who = strings.Repeat("6f3a9c1b", 5), time.Now(), "ada"
			return w
		})
		if err != nil {
			g.Fatal(err)
		}
		g.put(preview.State{Name: w.Name, Step: preview.Steps()[i%len(preview.Steps())], Commit: w.Commit, Since: time.Now(), Routes: map[string][]string{"": {fmt.Sprintf("10.42.1.%d:80", i+2)}}})
	}
	await.True(g, "all are shown", func() bool { return strings.Contains(g.look(access.Read, "/"), "200 of") })
}

func TestPage_of_200_previews_is_small_and_quick(t *testing.T) {
	g := newRig(t)
	g.fillSite()
	g.twoHundred()
	sent, whole := 0, 0 // bytes: as browsers are sent them, and before that
	for _, path := range []string{"/", "/assets/page.css", "/assets/page.js", "/assets/icon.svg"} {
		for size, how := range map[*int]string{&sent: "gzip", &whole: "identity"} {
			res, text := g.send(g.request(access.Read, "GET", path, "", "Accept-Encoding", how))
			if res.StatusCode != 200 {
				t.Fatalf("%s = %s", path, res.Status)
			}
			*size += len(text)
		}
	}
	if whole > 100<<10 {
		t.Errorf("page and assets are %d bytes, want 100 KB at most", whole)
	}
	var waits []time.Duration
	for range 21 {
		waits = append(waits, g.firstByte("/"))
	}
	slices.Sort(waits)
	t.Logf("measured: page and assets: %d bytes, sent as %d; first byte after %s (median of %d, %s to %s)", whole, sent, waits[10], len(waits), waits[0], waits[20])
}

// firstByte is how long a page takes to begin.
func (g *rig) firstByte(path string) (wait time.Duration) {
	g.Helper()
	req := g.request(access.Read, "GET", path, "", "Accept-Encoding", "gzip")
	var begun time.Time
	trace := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { begun = time.Now() }, GotFirstResponseByte: func() { wait = time.Since(begun) }}
	res, err := http.DefaultClient.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err != nil {
		g.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		g.Fatal(err)
	}
	return wait
}

func TestCommands_make_tokens_and_the_key(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "access.json")
	said := func(do func([]string) int, args ...string) (string, int) {
		t.Helper()
		out, err := os.Create(filepath.Join(dir, "out"))
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		before := os.Stdout
		os.Stdout = out
		code := do(args)
		os.Stdout = before
		data, err := os.ReadFile(out.Name())
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(data)), code
	}
	token, code := said(Token, "--access", path, "--scope", "deploy", "ci")
	if code != 0 || !strings.HasPrefix(token, "rdp_") || len(token) < 40 {
		t.Fatalf("token says %q, %d", token, code)
	}
	f, err := access.Load(path)
	if err != nil || f.Tokens[0].Name != "ci" || f.Tokens[0].Scope != access.Deploy {
		t.Errorf("the file has %+v, %v", f, err)
	}
	for want, args := range map[int][]string{1: {"--access", path, "ci"}, 2: {"--access", path, "--scope", "root", "x"}} {
		if text, code := said(Token, args...); code != want {
			t.Errorf("token %v says %q, %d, want %d", args, text, code, want)
		}
	}
	if _, code := said(Token, "--access", path, "--remove", "ci"); code != 0 {
		t.Errorf("token --remove ci = %d", code)
	}
	key := filepath.Join(dir, "stack.key")
	if err := os.WriteFile(key, siteKey, 0o600); err != nil {
		t.Fatal(err)
	}
	text, code := said(Key, "--key", key)
	if public, err := settings.ParsePublic(text); code != 0 || err != nil || public.String() != text {
		t.Errorf("key says %q, %d, %v", text, code, err)
	}
	if _, code := said(Key, "--key", key+"x"); code != 1 {
		t.Errorf("key of no file = %d, want 1", code)
	}
}
