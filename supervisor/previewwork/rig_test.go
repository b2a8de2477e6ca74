package previewwork

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/build"
	"rundock/internal/container"
	"rundock/internal/container/dockertest"
	"rundock/internal/hostconfig"
	"rundock/internal/moduletest"
	"rundock/internal/preview"
	"rundock/internal/preview/gittest"
	"rundock/internal/preview/ledger"
	"rundock/internal/preview/settings"
	"rundock/internal/registry"
	"rundock/internal/registry/local"
)

func TestMain(m *testing.M) {
	moduletest.Programs = []string{"../previewd", "../rundockd", "../rundock-stack", "../rundock-store"}
	moduletest.Main(m, "--net")
}

// rig is a whole host in namespaces of its own: its network, etcd, rundockd store, dockerd, runsvdir
// and, as runsv would start them, previewd route and previewd work.
type rig struct {
	*testing.T                       // of a part of it
	whole                 *testing.T // of all
	store                 registry.Store
	ledger                ledger.Ledger
	docker                *container.Client
	repo                  *gittest.Repository
	etcd, dockerd, worker *program
	etcdData, dockerData  string
	flags                 []string // of previewd work
}

const (
	front  = "127.0.0.1:8099"
	logsAt = "127.0.0.1:9159"
)

// program is one of ours that is run until the test ends.
type program struct {
	*testing.T
	cmd *exec.Cmd
	log *os.File
	end chan error
}

func (r *rig) start(name string, args ...string) *program {
	r.Helper()
	log, err := os.Create(filepath.Join(r.whole.TempDir(), filepath.Base(name)+".log"))
	if err != nil {
		r.Fatal(err)
	}
	p := &program{T: r.T, cmd: exec.Command(name, args...), log: log, end: make(chan error, 1)}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Env = append(os.Environ(), "PATH=/usr/local/bin:"+os.Getenv("PATH")+":"+dockertest.Programs)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		r.Fatal(err)
	}
	go func() { p.end <- p.cmd.Wait() }()
	r.whole.Cleanup(func() {
		p.kill(syscall.SIGKILL)
		if said, _ := os.ReadFile(log.Name()); r.whole.Failed() {
			r.Logf("%s says: %s", filepath.Base(name), said[max(0, len(said)-8000):])
		}
	})
	return p
}

// kill ends a program by a signal, and waits for that.
func (p *program) kill(signal syscall.Signal) {
	p.Helper()
	if p.cmd.Process.Signal(signal) == nil {
		<-p.end
	}
}

func newRig(t *testing.T) *rig {
	t.Helper()
	if !moduletest.InHost {
		t.Skip(moduletest.WhyNoHost)
	}
	if _, err := os.Stat(dockertest.Programs + "/dockerd"); err != nil {
		t.Skipf("no Docker to test with (make test fetches it): %v", err)
	}
	r := &rig{T: t, whole: t}
	for _, line := range []string{"link set lo up", "link add eth0 type bridge", "address add 10.99.0.1/24 dev eth0", "link set eth0 up"} {
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", line, err, out)
		}
	}
	for _, name := range []string{"rundockd", "rundock-stack", "rundock-store", "previewd"} {
		if err := os.Symlink(moduletest.Program(name), "/usr/local/bin/"+name); err != nil {
			t.Fatal(err)
		}
	}
	os.RemoveAll("/etc/service")
	os.RemoveAll("/etc/rundock")
	for _, dir := range []string{"/etc/service", "/etc/sv", "/etc/rundock", "/run/rundock", "/var/lib/rundock"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	r.write("/etc/rundock/host.json", `{"version":1,"host":"node-1","domain":"example.com","label":"s","private":{"interface":"eth0"},"etcd":{"endpoints":["http://127.0.0.1:2379"]}}`)
	r.write(hostconfig.PreviewKeyPath, strings.Repeat("k", settings.KeyBytes))
	r.etcdData = t.TempDir()
	r.store = local.Open("/run/rundock/store.sock", slog.New(slog.DiscardHandler))
	t.Cleanup(func() { r.store.Close() })
	r.ledger = ledger.Ledger{Store: r.store}
	var err error
	if r.dockerData, err = os.MkdirTemp("", "previewwork"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(r.dockerData) })
	r.flags = []string{"--build-free", "1", "--build-memory", "256", "--timeout", "60s", "--logs-at", logsAt}
	r.boot()
	return r
}

// boot starts all that the host has.
func (r *rig) boot() {
	r.Helper()
	r.etcd = r.start("etcd", "--data-dir", r.etcdData, "--log-level", "error")
	r.start("/usr/local/bin/rundockd", "store")
	r.startDocker()
	r.start("runsvdir", "-P", "/etc/service")
	await.Nil(r.T, "the store answers", func() error { _, _, err := r.store.List(r.Context(), "/"); return err })
	r.start("/usr/local/bin/previewd", "route", "--http", front)
	r.startWorker()
}

func (r *rig) write(path, text string) {
	r.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) startDocker() {
	r.Helper()
	var err error
	os.Remove("/run/docker.pid")
	r.dockerd = r.start(dockertest.Programs+"/dockerd", "-H", "unix:///run/docker.sock", "--data-root", r.dockerData, "--exec-root", "/run/docker", "--bip", "172.31.251.1/24", "--log-level", "warn")
	if r.docker, err = container.Open(); err != nil {
		r.Fatal(err)
	}
	await.Nil(r.T, "dockerd", func() error { return r.docker.Ping(r.Context()) })
}

func (r *rig) startWorker() {
	r.Helper()
	r.worker = r.start("/usr/local/bin/previewd", append([]string{"work"}, r.flags...)...)
}

// shop is a repository of a web server, whose page is text. A push to it is found by polling.
func (r *rig) shop(text string) {
	r.Helper()
	r.repo = gittest.New(r.T)
	busybox, err := os.ReadFile("/usr/bin/busybox")
	if err != nil {
		r.Fatal(err)
	}
	r.repo.Write(map[string]string{"busybox": string(busybox)})
	if err := os.Chmod(filepath.Join(r.repo.Dir, "busybox"), 0o755); err != nil {
		r.Fatal(err)
	}
	r.push("main", text, nil)
	if err := r.ledger.PutRepo(r.Context(), preview.Repo{Name: "shop", URL: r.repo.HTTP("", ""), Poll: 10}); err != nil {
		r.Fatal(err)
	}
}

const dockerfile = `FROM scratch
COPY busybox /bin/sh
COPY busybox /bin/busybox
COPY index.html /www/index.html
CMD ["/bin/sh", "-c", "echo $PREVIEW_NAME $PREVIEW_URL >/www/self; echo token=$TOKEN | /bin/busybox tee /www/token; exec /bin/busybox httpd -f -p 8080 -h /www"]
`

const compose = `services:
  web:
    build: .
    stop_grace_period: 1s
    ports: ["80:8080"]
`

// push commits a page, and whatever else there is to files, to a branch.
func (r *rig) push(branch, text string, files map[string]string) string {
	r.Helper()
	all := map[string]string{"index.html": text + "\n", "Dockerfile": dockerfile, "compose.yaml": compose}
	for name, content := range files {
		all[name] = content
	}
	commit := r.repo.Commit(branch, all)
	r.repo.Git("update-server-info")
	return commit
}

// deleteBranch deletes one that is not main.
func (r *rig) deleteBranch(branch string) {
	r.Helper()
	r.repo.Git("switch", "--quiet", "main")
	r.repo.Git("branch", "--delete", "--force", branch)
	r.repo.Git("update-server-info")
}

// ask wishes for a preview of a branch at its commit.
func (r *rig) ask(branch, commit string) preview.Wish {
	r.Helper()
	w, err := r.ledger.Ask(r.Context(), "shop", branch, "", func(w preview.Wish) preview.Wish {
		w.Commit = commit
		return w.Again("ada", time.Now().UTC())
	})
	if err != nil {
		r.Fatal(err)
	}
	return w
}

func (r *rig) change(name string, change func(preview.Wish) preview.Wish) {
	r.Helper()
	if _, err := r.ledger.Change(r.Context(), name, change); err != nil {
		r.Fatal(err)
	}
}

// get is what the router answers for a preview, and its code.
func (r *rig) get(name, path string) (text string, code int) {
	q, err := http.NewRequest("GET", "http://"+front+path, nil)
	if err != nil {
		r.Fatal(err)
	}
	q.Host = name + ".y.example.com"
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		return err.Error(), 0
	}
	defer a.Body.Close()
	body, _ := io.ReadAll(a.Body)
	return string(bytes.TrimSpace(body)), a.StatusCode
}

// long waits for what is many steps, of which each may take long on a busy machine.
func (r *rig) long(what string, missing func() string) {
	r.Helper()
	for end := time.Now().Add(3 * await.Deadline); time.Now().Before(end); time.Sleep(50 * time.Millisecond) { // as package await does
		if missing() == "" {
			return
		}
	}
	await.Empty(r.T, what, missing)
}

// so is long for what is so or not.
func (r *rig) so(what string, is func() bool) {
	r.Helper()
	r.long(what, func() string {
		if is() {
			return ""
		}
		return "it is not so"
	})
}

// serves waits until a preview answers with text.
func (r *rig) serves(name, path, text string) {
	r.Helper()
	r.long(name+path, func() string {
		if got, code := r.get(name, path); code != 200 || got != text {
			if s := r.state(name); s.Step == preview.Failed {
				r.Fatalf("%s has failed: %s\n%s", name, s.Reason, r.log(name))
			}
			return fmt.Sprintf("%d %.300s; state %+v", code, got, r.state(name))
		}
		return ""
	})
}

func (r *rig) state(name string) (s preview.State) {
	found, err := r.store.Read(r.Context(), []string{preview.StateKey(name)})
	if err == nil && found[0].Exists {
		s, _ = preview.ParseState(found[0].Value)
	}
	return s
}

// becomes waits until a preview is at a step.
func (r *rig) becomes(name string, step preview.Step) preview.State {
	r.Helper()
	var last preview.State
	r.long(name+" is "+string(step), func() string {
		if last = r.state(name); last.Step != step {
			return fmt.Sprintf("it is %+v", last)
		}
		return ""
	})
	return last
}

// log is a preview's.
func (r *rig) log(name string) string {
	lines, err := build.ReadLog(build.LogFile(logDir, name), 0)
	if err != nil {
		r.Fatal(err)
	}
	var all []string
	for _, line := range lines {
		all = append(all, line.Text)
	}
	return strings.Join(all, "\n")
}
