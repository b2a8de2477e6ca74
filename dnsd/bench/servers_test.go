package bench

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rundock/internal/registry/etcdtest"

	"github.com/miekg/dns"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// A process is a server being measured.
type process struct {
	name, address string
	command       *exec.Cmd
	etcd          *etcdtest.Server // that it asks; nil: none
	static        bool             // it says one thing to all questions

	mu     sync.Mutex
	output bytes.Buffer
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.Write(b)
}

func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

// pids are of the server and its children (a server may fork), and of etcd.
func (p *process) pids() []int {
	all := []int{p.command.Process.Pid}
	for i := 0; i < len(all); i++ {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", all[i]))
		for _, file := range files {
			content, _ := os.ReadFile(file)
			for _, field := range strings.Fields(string(content)) {
				if pid, err := strconv.Atoi(field); err == nil {
					all = append(all, pid)
				}
			}
		}
	}
	if p.etcd != nil {
		all = append(all, p.etcd.Pid())
	}
	return all
}

func run(t *testing.T, p *process, command *exec.Cmd) *process {
	t.Helper()
	p.command = command
	command.Stdout, command.Stderr = p, p
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// A signal that lets it end its children.
		command.Process.Signal(os.Interrupt)
		force := time.AfterFunc(10*time.Second, func() { command.Process.Kill() })
		command.Wait()
		force.Stop()
	})
	return p
}

// start starts all servers, the one that ratios are of first.
func (s *site) start(t *testing.T) []*process {
	zoneFile := s.file(t, "zone", s.zoneFile())
	etcd := etcdtest.Start(t, *etcdKind, nil)
	fill(t, etcd.URL, s.records())
	all := []*process{s.knot(t, zoneFile), s.dnsd(t, etcd), s.nsd(t, zoneFile), s.bare(t), s.static(t)}
	if *coredns != "" {
		all = append(all, s.coredns(t, etcd, false), s.coredns(t, etcd, true))
	}
	for _, p := range all {
		s.awaitAnswer(t, p)
	}
	if *only != "" {
		all = slices.DeleteFunc(all, func(p *process) bool { return !slices.Contains(strings.Split(*only, ","), p.name) })
	}
	return all
}

func (s *site) folder(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(s.dir, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// listen is a free address on loopback.
func listen(t *testing.T) (host, port, address string) {
	t.Helper()
	address = etcdtest.Address()
	host, port, _ = net.SplitHostPort(address)
	return host, port, address
}

func (s *site) knot(t *testing.T, zoneFile string) *process {
	dir := s.folder(t, "knot")
	host, port, address := listen(t)
	conf := s.file(t, "knot.conf", fmt.Sprintf(`
server:
    rundir: %q
    listen: %s@%s
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    answer-rotation: on
database:
    storage: %q
log:
  - target: stderr
    any: error
zone:
  - domain: %s
    file: %q
    journal-content: none
    zonefile-sync: -1
`, dir, host, port, dir, zone, zoneFile))
	return run(t, &process{name: "Knot", address: address}, pinned(0, "knotd", "-c", conf))
}

func (s *site) nsd(t *testing.T, zoneFile string) *process {
	dir := s.folder(t, "nsd")
	host, port, address := listen(t)
	conf := s.file(t, "nsd.conf", fmt.Sprintf(`
server:
    ip-address: %s@%s
    username: ""
    chroot: ""
    zonesdir: %q
    pidfile: "%s/pid"
    xfrdfile: "%s/xfrd"
    zonelistfile: "%s/zones"
    server-count: 1
    round-robin: yes
    minimal-responses: yes
    rrl-ratelimit: 0
remote-control:
    control-enable: no
zone:
    name: %s
    zonefile: %q
`, host, port, s.dir, dir, dir, dir, zone, zoneFile))
	return run(t, &process{name: "NSD", address: address}, pinned(0, "nsd", "-d", "-c", conf))
}

// build makes the dnsd that is measured.
func (s *site) build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(s.dir, "dnsd")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "rundock/dnsd")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build dnsd: %v\n%s", err, out)
	}
	return path
}

func (s *site) dnsd(t *testing.T, etcd *etcdtest.Server, args ...string) *process {
	t.Helper()
	_, _, address := listen(t)
	args = append([]string{s.build(t), "--zone=" + zone, "--listen=" + address, "--etcd=" + etcd.URL, "--metrics=" + etcdtest.Address(), "--snapshot=",
		"--host-config=" + s.file(t, "host.json", `{"version":1,"host":"node-1","domain":"prod.example.com","label":"s"}`)}, args...)
	return run(t, &process{name: "dnsd", address: address, etcd: etcd}, pinned(0, args...))
}

func (s *site) coredns(t *testing.T, etcd *etcdtest.Server, cached bool) *process {
	host, port, address := listen(t)
	name, cache := "CoreDNS etcd", ""
	if cached {
		name, cache = "CoreDNS etcd, cache", "    cache 30\n"
	}
	conf := s.file(t, strings.ReplaceAll(name, " ", "-"), fmt.Sprintf("%s:%s {\n    bind %s\n%s    etcd {\n        path /skydns\n        endpoint %s\n    }\n    loadbalance\n}\n", zone, port, host, cache, etcd.URL))
	return run(t, &process{name: name, address: address, etcd: etcd}, pinned(0, *coredns, "-conf", conf))
}

// staticListen in the environment makes this test binary a server that says
// one thing, by the library that dnsd's other path uses.
const staticListen = "DNSD_BENCH_STATIC"

func (s *site) static(t *testing.T) *process {
	_, _, address := listen(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := pinned(0, exe)
	command.Env = append(os.Environ(), staticListen+"="+address)
	return run(t, &process{name: "miekg/dns, one static A", address: address, static: true}, command)
}

func serveStatic(address string) {
	rr, _ := dns.NewRR("x. 30 IN A 10.1.0.1")
	say := func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		a := *rr.(*dns.A)
		a.Hdr.Name = q.Question[0].Name
		m.Answer = []dns.RR{&a}
		w.WriteMsg(m)
	}
	if err := (&dns.Server{Addr: address, Net: "udp", Handler: dns.HandlerFunc(say)}).ListenAndServe(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// fill puts records into etcd, many at a time.
func fill(t *testing.T, url string, records map[string]string) {
	t.Helper()
	client := connect(t, url)
	var puts []clientv3.Op
	flush := func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if _, err := client.Txn(ctx).Then(puts...).Commit(); err != nil {
			t.Fatal(err)
		}
		puts = nil
	}
	for key, value := range records {
		if puts = append(puts, clientv3.OpPut(key, value)); len(puts) == 128 {
			flush()
		}
	}
	flush()
}

func connect(t *testing.T, url string) *clientv3.Client {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{url}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}
