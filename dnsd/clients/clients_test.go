// Package clients asks dnsd as its clients do: with Debian's dig, kdig and
// drill, the resolvers of glibc, musl, busybox and Go, and Unbound, HAProxy and
// Prometheus as they are set up in the README. It consists of tests.
//
// All ask real dnsd processes that follow one real etcd. Every address in the
// records is a loopback one, so that a client that goes there stays here.
package clients

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/registry/etcdtest"
)

func TestMain(m *testing.M) { etcdtest.Main(m) }

const (
	zone     = "s.prod.example.com"
	staging  = "s.staging.example.com"
	patience = 60 * time.Second
)

// TestClients has one etcd for all, and mostly one dnsd.
func TestClients(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		name string
		ask  func(*testing.T, *site)
	}{
		{"dig, delv, kdig and drill", tools},
		{"Go", goResolver},
		{"glibc, musl, busybox and Prometheus", named},
		{"Unbound", unbound},
		{"Unbound and delv that validate", validator},
		{"Unbound of the world, by a delegation in NSD", delegated},
		{"HAProxy with room for whole answers", haproxyWhole},
		{"HAProxy with 512 bytes", haproxySubsets},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.ask(t, s)
		})
	}
}

// records are as many as the tests need of each kind, key and value.
const records = `
/com/example/prod/s/web/node-1 {"host":"127.9.0.1","port":80,"ttl":5,"group":"main"}
/com/example/prod/s/web/node-2 {"host":"127.9.0.2","port":80,"ttl":5,"group":"main"}
/com/example/prod/s/web/node-3 {"host":"127.9.0.3","port":80,"ttl":5,"group":"main"}
/com/example/prod/s/web/_tcp/_admin/node-1 {"host":"127.9.0.1","port":9000,"ttl":5,"group":"_admin"}
/com/example/prod/s/dual/node-1 {"host":"127.9.0.5","port":80,"ttl":5}
/com/example/prod/s/dual/node-2 {"host":"fd00::5","port":80,"ttl":5}
/com/example/prod/s/six/node-1 {"host":"fd00::6","port":80,"ttl":5}
/com/example/prod/s/alias {"host":"web.s.prod.example.com","ttl":5}
/com/example/prod/s/away {"host":"www.example.net","ttl":5}
/com/example/prod/s/note {"text":"all is \"well\"; more or less","ttl":5}
/com/example/prod/s/post/mx1 {"host":"127.9.0.7","mail":true,"priority":5,"ttl":5}
/com/example/prod/s/ca {"type":"CAA","rdata":"0 issue \"ca.example.net\"","ttl":5}
/com/example/prod/s/app/* {"host":"127.9.0.8","ttl":5}
/com/example/prod/s/deep/er/node-1 {"host":"127.9.0.9","ttl":5}
/com/example/prod/s/uneven/node-1 {"host":"127.9.0.11","port":80,"weight":300,"ttl":5}
/com/example/prod/s/uneven/node-2 {"host":"127.9.0.12","port":80,"weight":200,"ttl":5}
/com/example/prod/s/uneven/node-3 {"host":"127.9.0.13","port":80,"weight":2,"ttl":5}
/com/example/staging/s/web/node-1 {"host":"127.9.0.14","port":80,"ttl":5}
/com/example/staging/s/deep/er/node-1 {"host":"127.9.0.15","ttl":5}
`

// many are the 60 instances of a service.
func many(service string) map[string]string {
	all := map[string]string{}
	for i := range 60 {
		all[fmt.Sprintf("/com/example/prod/s/%s/node-%d", service, i)] = fmt.Sprintf(`{"host":"127.9.1.%d","port":80,"ttl":5,"group":"main"}`, 1+i)
	}
	return all
}

// A site is an etcd with the records, and a dnsd of it with the defaults, which
// has no upstreams.
type site struct {
	etcd *etcdtest.Server
	dir  string
	dnsd *process
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{etcd: etcdtest.Start(t, "embedded", nil), dir: t.TempDir()}
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", filepath.Join(s.dir, "dnsd"), "rundock/dnsd")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as make build, which leaves little to be built again
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build dnsd: %v\n%s", err, out)
	}
	all := map[string]string{}
	for line := range strings.Lines(records) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			all[key] = value
		}
	}
	maps.Copy(all, many("many"))
	s.put(t, all)
	s.dnsd = s.start(t)
	return s
}

// put sets records, given without the prefix, or deletes those that are empty.
func (s *site) put(t *testing.T, records map[string]string) {
	t.Helper()
	client := s.etcd.Admin()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, key := range slices.Sorted(maps.Keys(records)) {
		var err error
		if value := records[key]; value != "" {
			_, err = client.Put(ctx, "/skydns"+key, value)
		} else {
			_, err = client.Delete(ctx, "/skydns"+key)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// start runs a dnsd at a port that the kernel chooses and waits until it
// answers.
func (s *site) start(t *testing.T, args ...string) *process {
	t.Helper()
	host := file(t, "host.json", `{"version":1,"host":"node-1","domain":"prod.example.com","label":"s"}`)
	p := run(t, exec.Command(filepath.Join(s.dir, "dnsd"), append([]string{
		"--zone=" + zone, "--zone=" + staging, "--listen=127.0.0.1:0", "--etcd=" + s.etcd.URL, "--metrics=", "--snapshot=", "--host-config=" + host,
	}, args...)...))
	await.True(t, "dnsd listens", func() bool {
		_, rest, found := strings.Cut(p.said(), "msg=listening address=127.0.0.1:")
		port, _, whole := strings.Cut(rest, "\n")
		p.port = port
		return found && whole
	})
	await.True(t, "dnsd answers", func() bool {
		out, err := exec.Command("dig", "@127.0.0.1", "-p", p.port, "+short", "+time=1", "+tries=1", "web."+zone).Output()
		return err == nil && strings.Count(string(out), "\n") == 3
	})
	return p
}

// A process is a server that runs until the test ends.
type process struct {
	command *exec.Cmd
	port    string // at 127.0.0.1; of dnsd

	mu  sync.Mutex
	log strings.Builder
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// run starts a program and keeps what it says, for the test that fails.
func run(t *testing.T, command *exec.Cmd) *process {
	t.Helper()
	p := &process{command: command}
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stdout, command.Stderr = in, in
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err = command.Start()
	in.Close()
	if err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		defer out.Close()
		for lines := bufio.NewReader(out); ; {
			line, err := lines.ReadString('\n')
			p.mu.Lock()
			p.log.WriteString(line)
			p.mu.Unlock()
			if err != nil {
				return
			}
		}
	})
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
		reading.Wait()
		if t.Failed() {
			said := p.said()
			t.Logf("%s said:\n%s", filepath.Base(command.Path), said[max(0, len(said)-20_000):])
		}
	})
	return p
}

// output runs a program to its end, which must be a good one.
func output(t *testing.T, command ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		t.Errorf("%s: %v\n%s", strings.Join(command, " "), err, &said)
	}
	return said.String()
}

func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// need skips a test without programs.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s is not installed (make test installs it)", p)
		}
	}
}

// recipe is the block of the README that begins like this, without its indent.
func recipe(t *testing.T, begins string) string {
	t.Helper()
	page, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	plain := strings.ReplaceAll(string(page), "\n    ", "\n")
	_, block, found := strings.Cut(plain, "\n\n"+begins)
	if !found {
		t.Fatalf("the README has no block that begins %q", begins)
	}
	block, _, _ = strings.Cut(block, "\n\n")
	return begins + block + "\n"
}
