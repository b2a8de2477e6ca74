package previewweb

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"rundock/internal/await"
	"rundock/internal/preview"
	"rundock/internal/preview/settings"
	"rundock/supervisor/previewweb/access"
	"rundock/supervisor/previewweb/api"
	"rundock/supervisor/previewweb/known"
)

func TestAPI_leads_a_preview_through_its_life(t *testing.T) {
	g := newRig(t)
	head := g.git.Commit("feature/Foo_bar", nil)
	var branches api.Branches
	g.expect(200, access.Read, "GET", "/api/v1/repos/shop/branches", "", &branches)
	if len(branches.Branches) != 2 || branches.Branches[0].Name != "feature/Foo_bar" || branches.Branches[0].Commit != head {
		t.Fatalf("branches %+v, want feature/Foo_bar at %s, and main", branches, head)
	}
	var p known.Preview
	g.expect(201, access.Deploy, "POST", "/api/v1/previews", `{"repo":"shop","branch":"feature/Foo_bar"}`, &p)
	if p.Name != "feature-foo-bar" || p.State != "queued" || p.Want != "running" || p.Newest != head || p.URL != "http://feature-foo-bar.y.example.com/" || p.Expires == nil || p.Who != "my-deploy" {
		t.Fatalf("created %+v", p)
	}
	const path = "/api/v1/previews/feature-foo-bar"
	// Of one that no builder has begun it is said what is wanted.
	if g.expect(202, access.Deploy, "POST", path+"/stop", "", &p); p.State != "asleep" {
		t.Errorf("stopped before a builder has begun it: %+v", p)
	}
	if g.expect(202, access.Deploy, "POST", path+"/start", "", &p); p.State != "queued" {
		t.Errorf("and started again: %+v", p)
	}
	g.put(preview.State{Name: p.Name, Step: preview.Ready, Commit: head, Since: p.Asked, Routes: map[string][]string{"": {"10.101.0.2:80"}, "api": {"10.101.0.3:80"}}})
	g.shown(p.Name, "is ready", func(p known.Preview) bool {
		return p.State == "ready" && p.Commit == head && p.URLs["api"] == "http://api--feature-foo-bar.y.example.com/"
	})
	// The same branch again is another deployment of the same preview.
	next := g.git.Commit("feature/Foo_bar", map[string]string{"x": "1"})
	if g.expect(200, access.Deploy, "POST", "/api/v1/previews", `{"repo":"shop","branch":"feature/Foo_bar"}`, &p); p.Newest != next {
		t.Errorf("the branch once more: %+v, want it at %s", p, next)
	}
	g.expect(202, access.Deploy, "POST", path+"/stop", "", nil)
	if w := g.wish(p.Name); w.Want != preview.Stopped {
		t.Errorf("after stop the wish is %+v", w)
	}
	g.expect(202, access.Deploy, "POST", path+"/start", "", nil)
	if found, err := g.store.Read(t.Context(), []string{preview.WakeKey(p.Name)}); err != nil || found[0].Exists || g.wish(p.Name).Want != preview.Running {
		t.Errorf("after start of one that does not sleep: %v, %v, wish %+v", found, err, g.wish(p.Name))
	}
	g.put(preview.State{Name: p.Name, Step: preview.Asleep, Commit: head, Since: p.Asked})
	g.shown(p.Name, "is asleep", func(p known.Preview) bool { return p.State == "asleep" })
	g.expect(202, access.Deploy, "POST", path+"/start", "", nil)
	if found, err := g.store.Read(t.Context(), []string{preview.WakeKey(p.Name)}); err != nil || !found[0].Exists || g.wish(p.Name).Want != preview.Running {
		t.Errorf("after start: %v, %v, wish %+v", found, err, g.wish(p.Name))
	}
	before := g.wish(p.Name).Try
	g.expect(202, access.Deploy, "POST", path+"/deploy", "", nil)
	if w := g.wish(p.Name); w.Try != before+1 || w.Commit != next {
		t.Errorf("after deploy the wish is %+v, before it Try was %d", w, before)
	}
	g.expect(202, access.Deploy, "POST", path+"/pin", "", &p)
	if !p.Pinned || p.Expires != nil || !g.wish(p.Name).Pinned {
		t.Errorf("after pin: %+v", p)
	}
	g.expect(202, access.Deploy, "DELETE", path+"/pin", "", &p)
	if p.Pinned || p.Expires == nil {
		t.Errorf("after its pin is taken: %+v", p)
	}
	g.expect(202, access.Deploy, "DELETE", path, "", &p)
	if p.Want != "removed" || g.wish(p.Name).Want != preview.Removed {
		t.Errorf("after DELETE: %+v", p)
	}
	noted := g.events(p.Name)
	for _, what := range []string{"create feature/Foo_bar of shop at " + head[:12], "stop", "start", "deploy", "pin", "unpin", "remove"} {
		if !slices.Contains(noted, "my-deploy: "+what) {
			t.Errorf("the events %q have no %q", noted, what)
		}
	}
	var shown api.Events
	await.True(t, "the events are shown, the newest first", func() bool {
		g.expect(200, access.Read, "GET", path+"/events", "", &shown)
		return len(shown.Events) == len(noted) && shown.Events[0].What == "remove" && shown.Events[0].From != ""
	})
}

type errorOf string

func (e errorOf) Error() string { return string(e) }

func TestAPI_deploys_what_is_known_of_a_repository_that_does_not_answer(t *testing.T) {
	g := newRig(t)
	g.expect(201, access.Deploy, "POST", "/api/v1/previews", `{"repo":"shop","branch":"main"}`, nil)
	before := g.wish("main")
	g.expect(200, access.Admin, "PUT", "/api/v1/repos/shop", `{"url":"http://127.0.0.1:1/shop"}`, nil)
	g.expect(202, access.Deploy, "POST", "/api/v1/previews/main/deploy", "", nil)
	if w := g.wish("main"); w.Commit != before.Commit || w.Try != before.Try+1 {
		t.Errorf("the wish is %+v, before it was %+v", w, before)
	}
	// A branch that has gone is another thing.
	g.expect(200, access.Admin, "PUT", "/api/v1/repos/shop", `{"url":"`+g.git.HTTP("", "")+`"}`, nil)
	g.git.Git("switch", "--quiet", "feature/Foo_bar")
	g.git.Git("branch", "--quiet", "-D", "main")
	g.expect(404, access.Deploy, "POST", "/api/v1/previews/main/deploy", "", nil)
}

func TestAPI_names_what_is_wrong(t *testing.T) {
	g := newRig(t)
	for _, c := range []struct {
		code               int
		method, path, body string
		names              string
	}{
		{404, "GET", "/api/v1/previews/nope", "", "nope"},
		{404, "GET", "/api/v1/previews/%3Cscript%3E", "", "<script>"},
		{404, "POST", "/api/v1/previews/nope/deploy", "", "nope"},
		{404, "DELETE", "/api/v1/previews/nope", "", "nope"},
		{404, "GET", "/api/v1/previews/nope/log", "", "nope"},
		{404, "GET", "/api/v1/nope", "", "/api/v1/openapi.json"},
		{404, "PUT", "/api/v1/previews/nope/env/A", `{"value":"1"}`, "nope"},
		{404, "PUT", "/api/v1/repos/nope/env/A", `{"value":"1"}`, "nope"},
		{404, "DELETE", "/api/v1/env/NOPE", "", "NOPE"},
		{404, "GET", "/api/v1/repos/nope/branches", "", "nope"},
		{404, "POST", "/api/v1/previews", `{"repo":"nope","branch":"main"}`, "nope"},
		{404, "POST", "/api/v1/previews", `{"repo":"shop","branch":"nope"}`, "branch nope"},
		{400, "POST", "/api/v1/previews", `{"repo":"shop","branch":"--upload-pack=x"}`, "begins with a hyphen"},
		{400, "POST", "/api/v1/previews", `{"repo":"shop","branch":"main","name":"api"}`, "reserved"},
		{400, "POST", "/api/v1/previews", `{"repo":"shop","branch":"main","name":"a--b"}`, "hyphens"},
		{400, "POST", "/api/v1/previews", `{"repo":"shop","branch":"main","mood":1}`, "mood"},
		{400, "POST", "/api/v1/previews", ``, "EOF"},
		{400, "PUT", "/api/v1/env/1A", `{"value":"swordfish"}`, "1A"},
		{400, "PUT", "/api/v1/env/PREVIEW_URL", `{"value":"swordfish"}`, "PREVIEW_URL"},
		{400, "PUT", "/api/v1/repos/x", `{"url":"ext::sh"}`, "ext::"},
		{400, "PUT", "/api/v1/repos/Shop", `{"url":"https://example.com/x"}`, "Shop"},
		{400, "PUT", "/api/v1/repos/x", `{"url":"https://example.com/x","credentials":"/etc/shadow"}`, "/etc/shadow"},
		{400, "PUT", "/api/v1/repos/x", `{"url":"git@example.com:x","key":"/etc/rundock/preview/../stack.key"}`, "stack.key"},
	} {
		var e api.Error
		text := g.expect(c.code, access.Admin, c.method, c.path, c.body, &e)
		if !strings.Contains(e.Error, c.names) || strings.Contains(text, "swordfish") {
			t.Errorf("%s %s %s: %s, want it to name %q", c.method, c.path, c.body, text, c.names)
		}
	}
	// What no branch of git's answers.
	g.expect(200, access.Admin, "PUT", "/api/v1/repos/away", `{"url":"http://127.0.0.1:1/x"}`, nil)
	var e api.Error
	await.Nil(t, "the repository is known", func() error {
		res, text := g.send(g.request(access.Read, "GET", "/api/v1/repos/away/branches", ""))
		if res.StatusCode != http.StatusBadGateway {
			return errorOf(res.Status + text)
		}
		return json.Unmarshal([]byte(text), &e)
	})
	if !strings.Contains(e.Error, "127.0.0.1:1") {
		t.Errorf("branches of one that does not answer: %q", e.Error)
	}
}

func TestAPI_refuses_a_new_preview_at_the_limit_and_none_that_is_there(t *testing.T) {
	g := newRig(t)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		g.git.Commit(name, nil)
		g.expect(201, access.Deploy, "POST", "/api/v1/previews", `{"repo":"shop","branch":"`+name+`"}`, nil)
	}
	var e api.Error
	g.expect(http.StatusTooManyRequests, access.Deploy, "POST", "/api/v1/previews", `{"repo":"shop","branch":"main"}`, &e)
	if !strings.Contains(e.Error, "5") {
		t.Errorf("at the limit: %q", e.Error)
	}
	g.expect(200, access.Deploy, "POST", "/api/v1/previews", `{"repo":"shop","branch":"a"}`, nil)
	g.expect(202, access.Deploy, "POST", "/api/v1/previews/a/deploy", "", nil)
	// Taken is another thing.
	g.parts.site.Rules.Most = 50
	g.stop()
	g.start()
	g.expect(http.StatusConflict, access.Deploy, "POST", "/api/v1/previews", `{"repo":"shop","branch":"main","name":"a"}`, &e)
	if !strings.Contains(e.Error, "branch a of shop") {
		t.Errorf("a name that is taken: %q", e.Error)
	}
}

func TestAPI_keeps_settings_and_shows_no_value(t *testing.T) {
	g := newRig(t)
	g.stop()
	var logged lockedBuffer
	g.parts.log = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	g.start()
	g.expect(201, access.Deploy, "POST", "/api/v1/previews", `{"repo":"shop","branch":"main"}`, nil)
	g.expect(400, access.Admin, "PUT", "/api/v1/env/1A", `{"value":"swordfish"}`, nil)
	for _, path := range []string{"/api/v1/env", "/api/v1/repos/shop/env", "/api/v1/previews/main/env"} {
		g.expect(204, access.Admin, "PUT", path+"/TOKEN", `{"value":"swordfish"}`, nil)
		g.expect(204, access.Admin, "PUT", path+"/OTHER", `{"value":"x"}`, nil)
		g.expect(204, access.Admin, "DELETE", path+"/OTHER", "", nil)
		await.Equal(t, "settings at "+path, `{"names":["TOKEN"],"revision":3}`, func() string {
			return strings.TrimSpace(g.expect(200, access.Read, "GET", path, "", nil))
		})
	}
	all, err := g.etcd.Keys(t.Context(), "/")
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range all {
		if strings.Contains(value, "swordfish") {
			t.Errorf("the value is in the store, at %s", key)
		}
	}
	set, err := settings.Parse([]byte(all[settings.OfPreview("main").Key()]))
	if err != nil {
		t.Fatal(err)
	}
	if env, err := (settings.All{Preview: "main", OfPreview: set}).Open(siteKey); err != nil || env["TOKEN"] != "swordfish" {
		t.Errorf("who has the key opens %v, %v", env, err)
	}
	if text := logged.String(); strings.Contains(text, "swordfish") || !strings.Contains(text, "set TOKEN") {
		t.Errorf("the log says %s", text)
	}
	if noted := g.events("main"); !slices.Contains(noted, "my-admin: set TOKEN of preview/main") {
		t.Errorf("the events are %q", noted)
	}
}

// lockedBuffer is a buffer that several may write to.
type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func TestAPI_says_that_the_store_is_away(t *testing.T) {
	g := newRig(t)
	g.expect(201, access.Deploy, "POST", "/api/v1/previews", `{"repo":"shop","branch":"main"}`, nil)
	g.shown("main", "is shown", func(known.Preview) bool { return true })
	g.etcd.Kill()
	var all api.Previews
	await.True(t, "the list says that it is the last known", func() bool {
		g.expect(200, access.Read, "GET", "/api/v1/previews", "", &all)
		return all.Away != ""
	})
	if len(all.Previews) != 1 || all.Previews[0].Name != "main" {
		t.Errorf("without the store it shows %+v", all)
	}
	var e api.Error
	g.expect(http.StatusServiceUnavailable, access.Deploy, "POST", "/api/v1/previews/main/stop", "", &e)
	if !strings.Contains(e.Error, "the store") || !strings.Contains(e.Error, "main") {
		t.Errorf("a change without the store: %q", e.Error)
	}
	res, err := http.Get(g.admin + "/healthz")
	if err != nil || res.StatusCode != 200 {
		t.Errorf("healthz with the last known: %v, %v", res, err)
	}
	g.etcd.Restart()
	await.True(t, "the list is followed again", func() bool {
		all = api.Previews{}
		g.expect(200, access.Read, "GET", "/api/v1/previews", "", &all)
		return all.Away == ""
	})
	await.Equal(t, "a change with the store", "202", func() string { return g.code("POST", "/api/v1/previews/main/stop") })
}

func TestAPI_reads_no_more_of_a_body_than_it_takes(t *testing.T) {
	g := newRig(t)
	body := `{"repo":"shop","branch":"main"}` + strings.Repeat(" ", 1<<20)
	if res, text := g.send(g.request(access.Deploy, "POST", "/api/v1/previews", body)); res.StatusCode != 400 || !strings.Contains(text, "too large") {
		t.Errorf("a body of 1 MiB: %s %s", res.Status, text)
	}
}
