package previewroute

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/preview"
	"rundock/internal/preview/route"
	"rundock/internal/registry/registrytest"
	"rundock/supervisor/process"
)

// The benchmark of the router beside HAProxy, nginx and kamal-proxy, as far as there are
// these, runs small among the tests, and in earnest by make bench-preview. It asserts no
// times, but that all requests are answered.

// benchPart in the environment makes this test binary a part of the benchmark: app, or
// route for a router that passes on to benchApp.
const benchPart, benchApp, benchListen = "RUNDOCK_BENCH_PART", "RUNDOCK_BENCH_APP", "RUNDOCK_BENCH_LISTEN"

// benchNames is how many previews the router knows.
const benchNames = 10000

func playPart(part string) {
	l, err := net.Listen("tcp", os.Getenv(benchListen))
	if err != nil {
		panic(err)
	}
	if part == "app" {
		panic(http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "well") })))
	}
	process.KeepSmall() // as previewd route does
	process.CarryLoad()
	r := newRouter(nil, time.Second, func(string) {})
	states := map[string]*preview.State{}
	for i := range benchNames {
		name := fmt.Sprint("preview", i)
		states[name] = &preview.State{Name: name, Step: preview.Ready, Routes: map[string][]string{"": {os.Getenv(benchApp)}}}
	}
	r.table.Store(route.NewTable(domain, states))
	panic(r.serve(context.Background(), listeners{http: l}, nil, slog.New(slog.DiscardHandler), 0))
}

// peer is a proxy that is measured, and the processes whose CPU time counts.
type peer struct {
	name, address string
	process       *exec.Cmd
	names         int // of previews that it is asked for: preview0 and so on
}

// started starts a process group and waits until it takes connections at address.
func started(t *testing.T, name, address string, cmd *exec.Cmd, env ...string) peer {
	t.Helper()
	cmd.Env = append(os.Environ(), env...)
	cmd.Env = append(cmd.Env, benchListen+"="+address)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); cmd.Wait() })
	await.Nil(t, name+" listens", func() error {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err
	})
	return peer{name, address, cmd, benchNames}
}

// cpu is the CPU time that the processes of p have used.
func (p peer) cpu(t *testing.T) (total time.Duration) {
	t.Helper()
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		data, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(data), ") ")
		fields := strings.Fields(rest)
		if group, _ := strconv.Atoi(fields[2]); group != p.process.Process.Pid {
			continue
		}
		for _, ticks := range fields[11:13] {
			n, _ := strconv.Atoi(ticks)
			total += time.Duration(n) * 10 * time.Millisecond // USER_HZ is 100
		}
	}
	return total
}

// load sends n requests by connections that are kept, and returns how long each took, sorted.
func (p peer) load(t *testing.T, callers, n int) []time.Duration {
	t.Helper()
	took := make([]time.Duration, n)
	var next atomic.Int64
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			client := http.Client{Transport: &http.Transport{}}
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				began := time.Now()
				res, text, err := ask(&client, p.address, "GET", fmt.Sprintf("preview%d.%s", i%p.names, domain), "")
				if err != nil || res.StatusCode != 200 || text != "well" {
					t.Errorf("%s: request %d: %v %v", p.name, i, res, err)
					return
				}
				took[i] = time.Since(began)
			}
		})
	}
	all.Wait()
	slices.Sort(took)
	return took
}

func TestBenchRouter(t *testing.T) {
	rounds, n := 1, 400
	if os.Getenv("RUNDOCK_BENCH") == "1" {
		rounds, n = 5, 50000
	}
	app := started(t, "app", registrytest.Address(), exec.Command("/proc/self/exe"), benchPart+"=app")
	peers := []peer{started(t, "previewd", registrytest.Address(), exec.Command("/proc/self/exe"), benchPart+"=route", benchApp+"="+app.address)}
	peers = append(peers, others(t, app.address)...)
	if program := os.Getenv("KAMAL_PROXY"); program != "" {
		peers = append(peers, kamalProxy(t, program, app.address))
	} else {
		t.Log("without kamal-proxy, which KAMAL_PROXY does not name")
	}
	each := make([][]float64, len(peers)) // requests per CPU second, by round
	for round := range rounds {
		for i, p := range peers {
			before := p.cpu(t)
			took := p.load(t, 16, n)
			used := p.cpu(t) - before
			each[i] = append(each[i], float64(n)/used.Seconds())
			t.Logf("round %d: %-11s %7.0f requests per CPU second, p50 %s, p99 %s", round+1, p.name, each[i][round], took[n/2], took[n*99/100])
		}
	}
	for i, p := range peers[1:] {
		t.Logf("%s: %s: ratio %.2f of the medians of requests per CPU second", peers[0].name, p.name, middle(each[0])/middle(each[i+1]))
	}
}

func middle(of []float64) float64 {
	return slices.Sorted(slices.Values(of))[len(of)/2]
}

// kamalProxy is kamal-proxy before app, with one name. It has no switch for its log, a line for each request, which goes to
// /dev/null.
func kamalProxy(t *testing.T, program, app string) peer {
	t.Helper()
	dir, address := t.TempDir(), registrytest.Address()
	// Its state is in the home folder, its socket in the other one.
	env := []string{"HOME=" + dir, "XDG_RUNTIME_DIR=" + dir}
	_, port, _ := net.SplitHostPort(address)
	p := started(t, "kamal-proxy", address, exec.Command(program, "run", "--http-port", port, "--https-port", "0"), env...)
	p.names = 1
	await.Nil(t, "kamal-proxy has a target", func() error {
		cmd := exec.Command(program, "deploy", "preview", "--target", app, "--host", "preview0."+domain)
		cmd.Env = append(os.Environ(), env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
	return p
}

// others are HAProxy and nginx before app, as far as this machine has them.
func others(t *testing.T, app string) (all []peer) {
	t.Helper()
	dir := t.TempDir()
	for _, o := range []struct {
		name, config string
		args         []string
	}{
		{"haproxy", "defaults\n mode http\n timeout connect 5s\n timeout client 1m\n timeout server 1m\nfrontend f\n bind LISTEN\n default_backend b\nbackend b\n http-reuse always\n server a APP\n", []string{"-db", "-f"}},
		{"nginx", "daemon off;\nworker_processes 1;\npid DIR/pid;\nerror_log stderr;\nevents {}\nhttp {\n access_log off;\n upstream a { server APP; keepalive 64; }\n server { listen LISTEN; location / { proxy_pass http://a; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header Host $host; } }\n}\n", []string{"-c"}},
	} {
		program, err := exec.LookPath(o.name)
		if err != nil {
			t.Log("without ", o.name, ", which is not installed")
			continue
		}
		address := registrytest.Address()
		path := filepath.Join(dir, o.name+".cfg")
		config := strings.NewReplacer("LISTEN", address, "APP", app, "DIR", dir).Replace(o.config)
		if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		all = append(all, started(t, o.name, address, exec.Command(program, append(o.args, path)...)))
	}
	return all
}
