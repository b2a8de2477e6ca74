package previewweb

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/preview"
	"rundock/internal/registry/registrytest"
	"rundock/internal/stack"
	"rundock/internal/stack/release"
	"rundock/supervisor/previewlog"
	"rundock/supervisor/previewweb/access"
	"rundock/supervisor/previewweb/known"
)

// builder gives the logs of a host, as previewd work does there: by the socket of the page's own host, by TCP of another one.
type builder struct {
	*rig
	host, dir string
	number    int // of lines that containers said
	stop      func()
}

func (g *rig) builder(host string) *builder {
	g.Helper()
	b := &builder{rig: g, host: host, dir: g.TempDir()}
	at := ""
	l, err := net.Listen("unix", g.parts.hosts.Socket)
	if host != g.parts.site.Host {
		l.Close()
		at = registrytest.Address()
		l, err = net.Listen("tcp", at)
	}
	if err != nil {
		g.Fatal(err)
	}
	server := &http.Server{Handler: (&previewlog.Server{
		Build: previewlog.Builds(b.dir).Of, Done: g.Context(), Log: g.parts.log,
		Container: func(name, slot string) (previewlog.Source, error) {
			if slot != "web.1" {
				return nil, errors.New("it has no such container")
			}
			return previewlog.Folder{Dir: b.folder(name), Mask: func() (*strings.Replacer, error) { return previewlog.Mask(map[string]string{"TOKEN": "hunter22"}), nil }}, nil
		},
	}).Handler()}
	go server.Serve(l)
	b.stop = func() { server.Close() }
	g.Cleanup(b.stop)
	g.etcd.Put(preview.WorkerKey(host), string(preview.Worker{ID: "w", Host: host, Most: 9, Logs: l.Addr().String()}.JSON()), 0)
	return b
}

func (b *builder) folder(name string) string { return filepath.Join(b.dir, name) }

// deployed has the store say that the preview name runs as web.1 there.
func (b *builder) deployed(name string) *builder {
	b.Helper()
	stackName := preview.StackOf(name)
	data, err := release.Release{
		Version: release.Version, Number: 1, State: release.Current, Since: time.Now().UTC(), Who: "previews",
		Model: stack.Stack{Version: stack.Version, Name: stackName, Services: map[string]stack.Service{"web": {Replicas: 1}}},
		Slots: map[stack.Slot]release.Slot{{Service: "web", Number: 1}: {Place: stack.Place{Host: b.host}, Hash: "h"}},
	}.JSON()
	if err != nil {
		b.Fatal(err)
	}
	b.etcd.Put(release.Key(stackName, 1), string(data), 0)
	b.etcd.Put(release.CurrentKey(stackName), `{"release":1}`, 0)
	b.etcd.Put(preview.StateKey(name), string(preview.State{Name: name, Step: preview.Ready, Commit: "c1", Since: time.Now(), Host: b.host}.JSON()), 0)
	await.Empty(b, "the page knows the container", func() string {
		var all struct{ Containers []known.Slot }
		if b.expect(200, access.Read, "GET", "/api/v1/previews/"+name+"/containers", "", &all); len(all.Containers) != 1 || all.Containers[0].Host != b.host {
			return fmt.Sprintf("%+v", all)
		}
		return ""
	})
	return b
}

// says adds lines to the log of the preview's container, as svlogd writes them.
func (b *builder) says(name string, texts ...string) {
	b.Helper()
	if err := os.MkdirAll(b.folder(name), 0o755); err != nil {
		b.Fatal(err)
	}
	file, err := os.OpenFile(filepath.Join(b.folder(name), "current"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	for _, text := range texts {
		b.number++
		fmt.Fprintf(file, "2026-11-30_20:00:%02d.00000 %s\n", b.number/10, text)
	}
}

func TestLog_of_a_container_is_shown_wherever_it_is(t *testing.T) {
	for _, host := range []string{"node-back-1", "node-back-2"} {
		t.Run(host, func(t *testing.T) {
			g := logRig(t)
			b := g.builder(host).deployed("main")
			b.says("main", "one", "its token is hunter22", "<script>alert(1)</script> \x1b[31mred\x1b[0m")
			const path = "/api/v1/previews/main/containers/web.1/log"
			_, text := g.send(g.request(access.Read, "GET", path, "", "Accept", "text/plain"))
			if want := "one\nits token is ****\n<script>alert(1)</script> red\n"; text != want {
				t.Errorf("as text: %q, want %q", text, want)
			}
			if _, text := g.send(g.request(access.Read, "GET", "/previews/main/containers/web.1", "")); !strings.Contains(text, "one\nits token is ****\n&lt;script&gt;alert(1)&lt;/script&gt; red\n") {
				t.Errorf("the page without scripts: %s", text)
			}
			if _, text := g.send(g.request(access.Read, "GET", "/previews/main", "")); !strings.Contains(text, `<a href="/previews/main/containers/web.1">web.1</a> on `+host) {
				t.Errorf("the preview's page leads to no log: %s", text)
			}
			// Over connections that break.
			var got, want []string
			id := ""
			for round := range 4 {
				next, leave := g.followAt(path, id)
				for n := range 3 {
					want = append(want, fmt.Sprintf("round %d line %d", round, n))
					b.says("main", want[len(want)-1])
				}
				for len(got) < len(want)+2 {
					e := next()
					got, id = append(got, e.data), e.id
				}
				leave()
			}
			if want = append([]string{"one", "its token is ****", "<script>alert(1)</script> red"}, want...); !slices.Equal(got, want[:len(got)]) || len(got) != len(want)-1 {
				t.Errorf("over connections came %q, want %q but for the last", got, want)
			}
			var log previewlog.Log
			g.expect(200, access.Read, "GET", path+"?after="+id, "", &log)
			if len(log.Lines) != 1 || log.Lines[0].Text != want[len(want)-1] {
				t.Errorf("after %s: %+v", id, log)
			}
			g.expect(404, access.Read, "GET", "/api/v1/previews/main/containers/db.1/log", "", nil)
			g.expect(401, "", "GET", path, "", nil)
		})
	}
}

func TestLog_of_another_host_is_shown_and_when_it_is_away_that(t *testing.T) {
	g := logRig(t)
	early, leave := g.follow("") // while nobody builds it yet
	defer leave()
	b := g.builder("node-back-2").deployed("main")
	b.says("main", "up")
	here := g.parts.logs
	g.parts.logs = previewlog.Builds(b.dir) // where it is written
	g.writeLog("main", time.Now(), 1, "step 1", "step 2")
	g.parts.logs = here
	if e := early(); e != (event{}) {
		t.Errorf("who followed the log before another host had it is told %+v, want that the stream ends", e)
	}
	next, leave := g.follow("")
	defer leave()
	for _, want := range []string{"step 1", "step 2"} {
		if e := next(); e.data != want {
			t.Errorf("of another host comes %+v, want %s", e, want)
		}
	}
	if _, text := g.send(g.request(access.Read, "GET", "/previews/main", "")); !strings.Contains(text, "step 1\nstep 2\n") {
		t.Errorf("the page: %s", text)
	}
	b.stop()
	if e := next(); e.name != "away" || !strings.Contains(e.data, "node-back-2") {
		t.Errorf("while its builder is down comes %+v", e)
	}
	for _, path := range []string{"/api/v1/previews/main/log", "/api/v1/previews/main/containers/web.1/log"} {
		if text := g.expect(502, access.Read, "GET", path, "", nil); !strings.Contains(text, "the builder of node-back-2 does not answer") {
			t.Errorf("%s: %s", path, text)
		}
	}
	saying := func(want string) {
		t.Helper()
		await.Empty(t, want, func() string {
			_, text := g.send(g.request(access.Read, "GET", "/previews/main/containers/web.1", ""))
			if strings.Contains(text, want) {
				return ""
			}
			return text
		})
	}
	g.etcd.Put(preview.WorkerKey("node-back-2"), string(preview.Worker{ID: "w", Host: "node-back-2"}.JSON()), 0)
	saying("the builder of node-back-2 gives its logs to no other host")
	if _, err := g.etcd.Admin().Delete(t.Context(), preview.WorkerKey("node-back-2")); err != nil {
		t.Fatal(err)
	}
	saying("the builder of node-back-2 is away: its logs are shown once it is back")
}
