package renderer

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
	"rundock/supervisor"
)

func TestMain(m *testing.M) { etcdtest.Main(m) }

// rig is a renderer of one template on a real etcd.
type rig struct {
	*testing.T
	dir    string
	server *etcdtest.Server
	store  *etcd.Client
	t      supervisor.Template
}

func setUp(t *testing.T) *rig {
	r := &rig{T: t, dir: t.TempDir(), server: etcdtest.Start(t, "embedded", nil)}
	store, err := etcd.Open(etcd.Config{Endpoints: []string{r.server.URL}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	r.store = store
	r.t = supervisor.Template{
		Version: 1, Name: "web", Dest: filepath.Join(r.dir, "web.conf"), Reload: "echo reloaded >> " + r.path("reloads"),
		Content: "{{range service \"web\"}}{{.Address}}:{{.Port}}\n{{end}}",
	}
	return r
}

func (r *rig) path(name string) string { return filepath.Join(r.dir, name) }

// start runs the renderer until the test ends, or until stop.
func (r *rig) start() (stop func()) {
	if err := r.t.Validate(); err != nil {
		r.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	h := newHost(r.dir, hostconfig.Config{Label: "s", Domain: "example.com"}, slog.New(slog.DiscardHandler))
	ended := make(chan error)
	go func() { ended <- h.run(ctx, r.store, []supervisor.Template{r.t}) }()
	stopped := false
	stop = func() {
		if cancel(); !stopped {
			stopped = true
			if err := <-ended; err != nil {
				r.Errorf("run = %v", err)
			}
		}
	}
	r.Cleanup(stop)
	return stop
}

// instances makes web have these many instances at port.
func (r *rig) instances(n, port int) {
	r.Helper()
	for i := range 5 {
		key, value := fmt.Sprintf("/skydns/com/example/s/web/node-%d", i), []byte(nil)
		if i < n {
			value = fmt.Appendf(nil, `{"host":"10.0.0.%d","port":%d}`, i+1, port)
		}
		r.put(key, value)
	}
}

func (r *rig) put(key string, value []byte) {
	r.Helper()
	await.Nil(r, "write "+key, func() error {
		have, err := r.store.Read(context.Background(), []string{key})
		if err != nil || !have[0].Exists && value == nil {
			return err
		}
		ok, err := r.store.Swap(context.Background(), registry.Swap{Key: key, Old: have[0].Value, New: value})
		if err == nil && !ok {
			err = fmt.Errorf("it was changed meanwhile")
		}
		return err
	})
}

func (r *rig) read(name string) string {
	data, err := os.ReadFile(r.path(name))
	if err != nil && !os.IsNotExist(err) {
		r.Fatal(err)
	}
	return string(data)
}

func (r *rig) lines(name string) int { return strings.Count(r.read(name), "\n") }

func (r *rig) status() control.TemplateStatus {
	s, err := control.ReadTemplate(r.dir, "web")
	if err != nil {
		r.Fatal(err)
	}
	return s
}

// kept waits until the file is kept for a reason that has why in it.
func (r *rig) kept(why string) {
	r.Helper()
	await.Empty(r, "kept: "+why, func() string {
		if s := r.status(); s.State != control.TemplateKept || !strings.Contains(s.Reason, why) {
			return fmt.Sprintf("state %s, reason %q", s.State, s.Reason)
		}
		return ""
	})
}

// has waits until the file has these many lines, and is reloaded.
func (r *rig) has(lines int) {
	r.Helper()
	await.Empty(r, fmt.Sprintf("%d lines", lines), func() string {
		if s := r.status(); r.lines("web.conf") != lines || s.State != control.TemplateCurrent || s.ReloadOwed {
			return fmt.Sprintf("%q, state %s, reason %q, reload owed %v", r.read("web.conf"), s.State, s.Reason, s.ReloadOwed)
		}
		return ""
	})
}

func TestRender_follows_the_store_and_reloads_once_a_change(t *testing.T) {
	r := setUp(t)
	r.t.Backup, r.t.Mode = true, "0600"
	r.instances(1, 80)
	stop := r.start()
	r.has(1)
	r.put("/skydns/com/example/s/web/node-1", []byte(`{"host":"10.0.0.2","port":81}`))
	r.has(2)
	if got := r.lines("reloads"); got != 2 {
		t.Errorf("%d reloads after two changes", got)
	}
	if info, err := os.Stat(r.t.Dest); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v, want 0600", info.Mode(), err)
	}
	if got := r.read("web.conf~"); got != "10.0.0.1:80\n" {
		t.Errorf("the backup has %q, want the file before", got)
	}
	// What is no change of the file reloads nothing, nor does a start.
	stop()
	r.put("/other", []byte("x"))
	r.start()
	r.has(2)
	if got := r.lines("reloads"); got != 2 {
		t.Errorf("%d reloads after a start that changed nothing, want 2", got)
	}
}

func TestStore_that_is_killed_or_wiped_shrinks_nothing(t *testing.T) {
	r := setUp(t)
	r.instances(3, 80)
	r.start()
	r.has(3)
	r.server.Kill()
	await.True(t, "the status says that the store is away", func() bool { return r.status().Store != "" })
	if got := r.lines("web.conf"); got != 3 {
		t.Errorf("%d instances in the file without a store, want 3", got)
	}
	r.server.Wipe()
	r.server.Restart()
	r.kept("service web has no instance any more (it had 3)")
	r.instances(1, 80)
	r.kept("1 of 3 instances since the store came back")
	if got := r.lines("web.conf"); got != 3 {
		t.Errorf("%d instances in the file after a wipe, want 3", got)
	}
	r.instances(4, 80)
	r.has(4)
	await.Equal(t, "what the status says of the store", "", func() string { return r.status().Store })
}

func TestFloor_keeps_the_last_good_file(t *testing.T) {
	r := setUp(t)
	r.t.Floor = map[string]int{"web": 2}
	r.instances(1, 80)
	stop := r.start()
	r.kept("service web has 1 instances, and its floor is 2")
	if _, err := os.Stat(r.t.Dest); !os.IsNotExist(err) {
		t.Errorf("a file was made below the floor: %v", err)
	}
	r.instances(3, 80)
	r.has(3)
	r.instances(1, 80)
	r.kept("service web has 1 instances")
	// The last write of this is two instances at least, as 3 go one by one.
	if got := r.lines("web.conf"); got < 2 {
		t.Errorf("%d instances in the file, want the floor's 2 at least", got)
	}
	stop()
	r.t.Floor = map[string]int{"*": 0}
	r.start()
	r.has(1)
	r.instances(0, 80)
	r.has(0)
}

func TestBurst_of_changes_is_at_most_two_reloads(t *testing.T) {
	r := setUp(t)
	r.t.Content = "{{range services}}{{.Name}}{{range service .Name}} {{.Port}}{{end}}\n{{end}}"
	r.put("/skydns/com/example/s/a/node-1", []byte(`{"host":"10.0.0.1","port":1}`))
	// On a busy machine 100 writes take longer than the 200 ms that they are meant to take, and one of them a second.
	r.t.Wait = "4s:90s"
	r.start()
	r.has(1)
	before := r.lines("reloads")
	for i := range 100 {
		r.put(fmt.Sprintf("/skydns/com/example/s/svc%d/node-1", i%50), fmt.Appendf(nil, `{"host":"10.0.0.1","port":%d}`, i+1))
	}
	await.True(t, "the last change is in the file", func() bool { return strings.Contains(r.read("web.conf"), "svc49 100\n") })
	r.has(51)
	if got := r.lines("reloads") - before; got < 1 || got > 2 {
		t.Errorf("%d reloads for a burst of 100 changes, want 1 or 2", got)
	}
}

func TestBroken_template_keeps_the_file_and_names_the_line(t *testing.T) {
	r := setUp(t)
	r.t.Src, r.t.Content = r.path("web.tmpl"), ""
	write := func(text string) {
		if err := os.WriteFile(r.t.Src, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("{{range service \"web\"}}x\n{{end}}")
	r.instances(2, 80)
	stop := r.start()
	r.has(2)
	for text, want := range map[string]string{
		"\n{{range}":                  "template " + r.t.Src + ", line 2: ",
		"{{key \"backend/current\"}}": "line 1: key backend/current: not in the store",
	} {
		stop()
		write(text)
		stop = r.start()
		r.kept(want)
		if got := r.lines("web.conf"); got != 2 {
			t.Errorf("the file has %d lines after %q, want the 2 of before", got, text)
		}
	}
	// The key that was missed comes.
	stop()
	write("{{key \"backend/current\"}}\n")
	r.start()
	r.kept("not in the store")
	r.put("/backend/current", []byte("blue"))
	r.has(1)
}

func TestCheck_that_fails_keeps_the_file(t *testing.T) {
	r := setUp(t)
	r.t.Check = "! grep bad %s"
	r.t.Content = "{{keyOrDefault \"mode\" \"good\"}}\n"
	r.start()
	r.has(1)
	r.put("/mode", []byte("bad"))
	r.kept("the check fails: ! grep bad '" + r.t.Dest + "': exit status 1: bad")
	if got := r.read("web.conf"); got != "good\n" || r.lines("reloads") != 1 {
		t.Errorf("the file has %q after a check that failed, and %d reloads", got, r.lines("reloads"))
	}
	await.Empty(t, "the staged file is taken away", func() string { // a repetition makes another one
		left, _ := filepath.Glob(r.path(".web.conf*"))
		return strings.Join(left, " ")
	})
	r.put("/mode", []byte("better"))
	await.True(t, "the next content passes", func() bool { return r.read("web.conf") == "better\n" })
}

func TestReload_that_fails_is_said_and_repeated(t *testing.T) {
	r := setUp(t)
	r.t.Reload = "test -e " + r.path("ready") + " || { echo not ready; exit 1; }"
	r.instances(1, 80)
	stop := r.start()
	r.kept("the reload fails: ")
	r.kept("not ready")
	if s := r.status(); !s.ReloadOwed || r.lines("web.conf") != 1 {
		t.Errorf("status = %+v, want the file replaced and a reload owed", s)
	}
	// It is owed over a restart, too.
	stop()
	if err := os.WriteFile(r.path("ready"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.has(1)
	if s := r.status(); s.Reloads != 1 || s.Writes != 0 {
		t.Errorf("status = %+v, want one reload and no write", s)
	}
}

func TestKeep(t *testing.T) {
	type counts = map[string]int
	for _, c := range []struct {
		claim            string
		floor, last, now counts
		refilling        bool
		want             string
	}{
		{"the first file may be empty", nil, nil, counts{"a": 0}, false, ""},
		{"a service may shrink", nil, counts{"a": 3}, counts{"a": 1}, false, ""},
		{"not to nothing", nil, counts{"a": 3}, counts{"a": 0}, false, "no instance any more (it had 3)"},
		{"unless its floor is 0", counts{"a": 0}, counts{"a": 3}, counts{"a": 0}, false, ""},
		{"or all others' is", counts{"*": 0}, counts{"a": 3}, counts{"a": 0}, false, ""},
		{"one without a floor is held to all others'", counts{"*": 2, "b": 0}, nil, counts{"a": 1, "b": 0}, false, "service a has 1 instances, and its floor is 2"},
		{"nothing shrinks while the store comes back", counts{"a": 1}, counts{"a": 3}, counts{"a": 2}, true, "2 of 3 instances since the store came back"},
		{"a service that is not asked for any more is none", counts{"b": 1}, counts{"b": 3}, counts{"a": 2}, true, ""},
	} {
		if got := keep(c.floor, c.last, c.now, c.refilling); (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: keep = %q, want %q", c.claim, got, c.want)
		}
	}
}

// A change that comes alone is taken up at once, without a wait.
func TestQuiet_of_a_template_without_wait(t *testing.T) {
	q, err := supervisor.Template{}.Quiet()
	if err != nil || !q.AtOnce || q.Min >= time.Second {
		t.Errorf("Quiet = %+v, %v, want at once", q, err)
	}
}

// A template's own file is followed as the store is: broken, gone or mended.
func TestSrc_that_changes_is_rendered(t *testing.T) {
	r := setUp(t)
	src := r.path("web.tmpl")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(src, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	is := func(want string) {
		t.Helper()
		await.Empty(t, "the file is "+want, func() string {
			if got := r.read("web.conf"); got != want || r.status().State != control.TemplateCurrent {
				return fmt.Sprintf("it is %q, and the status %+v", got, r.status())
			}
			return ""
		})
	}
	r.t.Content, r.t.Src = "", src
	write("one {{range service \"web\"}}{{.Port}}{{end}}")
	r.instances(1, 80)
	r.start()
	is("one 80")
	write("two {{range service \"web\"}}{{.Port}}{{end}}")
	is("two 80")
	write("three {{range service \"web\"}}{{.Port}}")
	r.kept("web.tmpl, line 1")
	if got := r.read("web.conf"); got != "two 80" {
		t.Errorf("the file is %q, want the last good one", got)
	}
	if err := os.Remove(src); err != nil {
		t.Fatal(err)
	}
	r.kept("no such file or directory")
	write("four {{range service \"web\"}}{{.Port}}{{end}}")
	is("four 80")
}

// Changes that never come to rest are taken up all the same, when the second time of
// wait is over.
func TestWait_has_an_end(t *testing.T) {
	r := setUp(t)
	r.t.Content, r.t.Wait = "{{keyOrDefault \"n\" \"none\"}}\n", "3s:4s"
	r.start()
	r.has(1)
	for n := range 100_000 {
		if r.put("/n", fmt.Appendf(nil, "%d", n)); r.read("web.conf") != "none\n" {
			return
		}
	}
	t.Error("the file never changes while the store does")
}
