package previewweb

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/preview"
	"rundock/internal/preview/gittest"
	"rundock/internal/preview/ledger"
	"rundock/internal/preview/settings"
	"rundock/internal/registry"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/registrytest"
	"rundock/supervisor/previewlog"
	"rundock/supervisor/previewweb/access"
	"rundock/supervisor/previewweb/known"
)

func TestMain(m *testing.M) { etcdtest.Main(m) }

var siteKey = bytes.Repeat([]byte("k"), settings.KeyBytes)

// rig is a server of the page with a real etcd, and a repository that git serves.
type rig struct {
	*testing.T
	etcd   *etcdtest.Server
	store  registry.Store
	ledger ledger.Ledger
	git    *gittest.Repository
	parts  parts
	url    string // of the page
	admin  string
	tokens map[access.Scope]string
	stop   func()
}

const domain = "y.example.com"

// newRig has a server with a token of each scope, and the repository shop with the branches main and feature/Foo_bar.
func newRig(t *testing.T) *rig {
	t.Helper()
	g := &rig{T: t, etcd: etcdtest.Start(t, "embedded", nil), git: gittest.New(t), tokens: map[access.Scope]string{}}
	log := slog.New(slog.DiscardHandler)
	store, err := etcd.Open(etcd.Config{Endpoints: []string{g.etcd.URL}}, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	g.store, g.ledger = store, ledger.Ledger{Store: store}
	dir := t.TempDir()
	path := filepath.Join(dir, "access.json")
	for _, scope := range []access.Scope{access.Read, access.Deploy, access.Admin} {
		if g.tokens[scope], err = access.NewToken(path, "my-"+string(scope), scope); err != nil {
			t.Fatal(err)
		}
	}
	guard, err := access.Open(path, log)
	if err != nil {
		t.Fatal(err)
	}
	public, err := settings.PublicOf(siteKey)
	if err != nil {
		t.Fatal(err)
	}
	g.parts = parts{
		store: store, site: known.Site{Zone: "s.prod.example.com", Host: "node-back-1", Domain: domain, Scheme: "http", Rules: preview.Rules{Most: 5}}, guard: guard, public: public,
		mirrors: filepath.Join(dir, "git"), logs: previewlog.Builds(dir), hosts: previewlog.Hosts{Socket: filepath.Join(dir, "logs.sock")}, hooks: filepath.Join(dir, "hooks"), files: "/etc/rundock/preview", version: "v1", log: log,
		gitPatience: 15 * time.Second, hookPatience: 15 * time.Second,
	}
	g.git.Commit("main", map[string]string{"compose.yaml": "services: {}\n"})
	g.git.Commit("feature/Foo_bar", nil)
	await.Nil(t, "the repository is written", func() error {
		return g.ledger.PutRepo(t.Context(), preview.Repo{Name: "shop", URL: g.git.HTTP("", "")})
	})
	g.start()
	return g
}

// start starts the server, as previewd web does.
func (g *rig) start() {
	g.Helper()
	var l listeners
	for _, one := range []*net.Listener{&l.web, &l.admin} {
		listener, err := net.Listen("tcp", registrytest.Address())
		if err != nil {
			g.Fatal(err)
		}
		*one = listener
	}
	g.url, g.admin = "http://"+l.web.Addr().String(), "http://"+l.admin.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- g.parts.serve(ctx, l, time.Minute) }()
	stopped := false
	g.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-over; err != nil {
			g.Error(err)
		}
	}
	g.Cleanup(func() { g.stop() })
	await.Equal(g, "the server follows the store", "200", func() string { return g.code("GET", "/api/v1/repos/shop/env") })
}

// request is one with the token of a scope; headers are name, value, ...
func (g *rig) request(scope access.Scope, method, path, body string, headers ...string) *http.Request {
	g.Helper()
	req, err := http.NewRequestWithContext(g.Context(), method, g.url+path, strings.NewReader(body))
	if err != nil {
		g.Fatal(err)
	}
	if scope != "" {
		req.Header.Set("Authorization", "Bearer "+g.tokens[scope])
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return req
}

func (g *rig) send(req *http.Request) (*http.Response, string) {
	g.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		g.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		g.Fatal(err)
	}
	return res, string(data)
}

func (g *rig) code(method, path string) string {
	g.Helper()
	res, _ := g.send(g.request(access.Admin, method, path, ""))
	return fmt.Sprint(res.StatusCode)
}

// expect sends a request, and reads its answer where into is not nil. The error of another code is shown.
func (g *rig) expect(code int, scope access.Scope, method, path, body string, into any) string {
	g.Helper()
	res, text := g.send(g.request(scope, method, path, body))
	if res.StatusCode != code {
		g.Fatalf("%s %s %s = %s %s, want %d", method, path, body, res.Status, text, code)
	}
	if into != nil {
		reflect.ValueOf(into).Elem().SetZero()
		if err := json.Unmarshal([]byte(text), into); err != nil {
			g.Fatalf("%s %s = %s: %v", method, path, text, err)
		}
	}
	return text
}

// put writes a state, as a builder does.
func (g *rig) put(s preview.State) {
	g.Helper()
	g.etcd.Put(preview.StateKey(s.Name), string(s.JSON()), 0)
}

func (g *rig) wish(name string) (w preview.Wish) {
	g.Helper()
	all, err := g.ledger.Wishes(g.Context())
	if err != nil {
		g.Fatal(err)
	}
	return all[name]
}

// shown waits until the server shows a preview for which so holds.
func (g *rig) shown(name, what string, so func(known.Preview) bool) {
	g.Helper()
	await.Empty(g, name+" "+what, func() string {
		res, text := g.send(g.request(access.Read, "GET", "/api/v1/previews/"+name, ""))
		var p known.Preview
		if res.StatusCode != 200 || json.Unmarshal([]byte(text), &p) != nil || !so(p) {
			return res.Status + " " + text
		}
		return ""
	})
}

// events are what was noted of a preview, oldest first, as WHO: WHAT.
func (g *rig) events(name string) (all []string) {
	g.Helper()
	noted, err := g.ledger.Events(g.Context())
	if err != nil {
		g.Fatal(err)
	}
	for i := len(noted) - 1; i >= 0; i-- {
		if noted[i].Preview == name {
			all = append(all, noted[i].Who+": "+noted[i].What)
		}
	}
	return all
}

// writeLog writes the log of a preview's build, each text a line from number first on.
func (g *rig) writeLog(name string, begun time.Time, first int, texts ...string) {
	g.Helper()
	how := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	if first == 1 {
		how |= os.O_TRUNC
	}
	file, err := os.OpenFile(filepath.Join(string(g.parts.logs), name+".log"), how, 0o640)
	if err != nil {
		g.Fatal(err)
	}
	defer file.Close()
	for i, text := range texts {
		line, err := json.Marshal(map[string]any{"n": first + i, "t": begun.Add(time.Duration(first+i) * time.Second), "text": text})
		if err != nil {
			g.Fatal(err)
		}
		if _, err := file.Write(append(line, '\n')); err != nil {
			g.Fatal(err)
		}
	}
}
