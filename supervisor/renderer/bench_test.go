package renderer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rundock/internal/await"
	"rundock/internal/hostconfig"
	"rundock/internal/pause"
	"rundock/internal/registry"
	"rundock/internal/registry/consul"
	"rundock/internal/registry/consultest"
	"rundock/internal/registry/registrytest"
	"rundock/supervisor"
)

// The benchmark of templates runs small among the tests, and in earnest by make
// bench-switch, on etcd, on Consul, and beside consul-template there, which
// CONSUL_TEMPLATE names. It asserts no times, but that all changes of a burst get
// into the file.

func benching() bool { return os.Getenv("RUNDOCK_BENCH") == "1" }

// renders is a program that keeps one file, and the store that it follows.
type renders struct {
	name     string
	services int
	change   func(service string, port int) error // of its one instance
	file     *watched
}

const (
	burst      = 100 // changes
	burstTakes = 200 * time.Millisecond
	burstOver  = 50 // services
)

func TestBenchRender(t *testing.T) {
	tries, sizes := 1, []int{burstOver}
	if benching() {
		tries, sizes = 40, []int{1, burstOver, 300}
	}
	for _, services := range sizes {
		r := setUp(t)
		sides := []renders{ours(t, "rundock render, etcd", r.store, services)}
		if _, err := os.Stat(consultest.Binary); err == nil || benching() {
			server := consultest.Start(t, map[string]any{"limits": map[string]any{"http_max_conns_per_client": 2000}}) // consul-template has one for each service
			sides = append(sides, ours(t, "rundock render, Consul", consulOf(t, server.URL), services))
			if program := os.Getenv("CONSUL_TEMPLATE"); program != "" {
				sides = append(sides, theirs(t, "consul-template", program, server.URL, services))
				if services == burstOver {
					sides = append(sides, theirs(t, "consul-template -wait 150ms:1s", program, server.URL, services, "-wait", "150ms:1s"))
				}
			}
		}
		for _, s := range sides {
			s.begin(t)
		}
		measureChanges(t, sides, tries)
		if services == burstOver {
			for range max(1, tries/8) {
				for _, s := range sides {
					s.burst(t)
				}
			}
		}
	}
	load, _ := os.ReadFile("/proc/loadavg")
	figure("load average at the end: %s", strings.TrimSpace(string(load)))
}

// measureChanges measures changes that come alone, side by side.
func measureChanges(t *testing.T, sides []renders, tries int) {
	t.Helper()
	took := make([][]time.Duration, len(sides))
	for n := range tries {
		for i, s := range sides {
			took[i] = append(took[i], s.one(t, n))
		}
		pause.For(t.Context(), 1100*time.Millisecond) // or the next one comes within a second
	}
	for i, s := range sides {
		spread(fmt.Sprintf("%s: record change -> file renamed, %d services in the template", s.name, s.services), took[i])
		if i > 0 {
			figure("%s : %s: ratio of the medians %.2f", s.name, sides[0].name, float64(median(took[i]))/float64(median(took[0])))
		}
	}
}

// text is the template of so many services, as both programs take it.
func text(services int) string {
	var b strings.Builder
	for i := range services {
		fmt.Fprintf(&b, "{{range service %q}}%[1]s {{.Address}}:{{.Port}}\n{{end}}", serviceName(i))
	}
	return b.String()
}

func serviceName(i int) string { return fmt.Sprintf("service-%03d", i) }

func line(i, port int) string { return fmt.Sprintf("%s 10.0.0.1:%d\n", serviceName(i), port) }

// begin gives each service its instance, and waits until the file has all.
func (s renders) begin(t *testing.T) {
	t.Helper()
	await.Nil(t, s.name+": the store takes a service", func() error { return s.change(serviceName(0), 1) })
	var all sync.WaitGroup
	for lane := range 8 {
		all.Go(func() {
			for i := lane; i < s.services; i += 8 {
				if err := s.change(serviceName(i), 1); err != nil {
					t.Errorf("%s: %s: %v", s.name, serviceName(i), err)
				}
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	s.file.until(s.name+" has all services", func(text string) bool { return strings.Count(text, ":1\n") == s.services })
	pause.For(t.Context(), 1500*time.Millisecond)
}

// one returns how long the change of one service takes, from the call that writes
// it to the file's having it.
func (s renders) one(t *testing.T, n int) time.Duration {
	t.Helper()
	i := n * 7 % s.services
	began := time.Now()
	if err := s.change(serviceName(i), 1000+n); err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	return s.file.until(s.name+" has the change", func(text string) bool { return strings.Contains(text, line(i, 1000+n)) }).Sub(began)
}

// burst changes each service twice within a short time.
func (s renders) burst(t *testing.T) {
	t.Helper()
	port := int(time.Now().UnixMilli()%20000) + 20000
	before := s.file.reloads(t)
	began := time.Now()
	var all sync.WaitGroup
	for i := range s.services {
		all.Go(func() {
			// Of one service in their order.
			for n := i; n < burst; n += s.services {
				pause.For(t.Context(), time.Until(began.Add(burstTakes*time.Duration(n)/burst)))
				if err := s.change(serviceName(i), port+n/s.services); err != nil {
					t.Errorf("%s: %v", s.name, err)
				}
			}
		})
	}
	all.Wait()
	written := time.Since(began)
	last := fmt.Sprintf(":%d\n", port+burst/s.services-1)
	at := s.file.until(s.name+" has all changes", func(text string) bool { return strings.Count(text, last) == s.services })
	pause.For(t.Context(), 1500*time.Millisecond) // reloads that are to come
	figure("%s: %d changes over %d services in %s: %d reloads, all in the file %s after the first, %s after the last",
		s.name, burst, s.services, written.Round(time.Millisecond), s.file.reloads(t)-before, at.Sub(began).Round(time.Millisecond), (at.Sub(began) - written).Round(time.Millisecond))
}

// ours runs the renderer on a store.
func ours(t *testing.T, name string, store registry.Store, services int) renders {
	t.Helper()
	w := watch(t)
	template := supervisor.Template{Version: 1, Name: "bench", Dest: w.path, Content: text(services), Reload: "echo >>" + w.path + ".reloads", Floor: map[string]int{"*": 0}}
	if err := template.Validate(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	h := newHost(t.TempDir(), hostconfig.Config{Label: "s", Domain: "example.com"}, slog.New(slog.DiscardHandler))
	go func() { ended <- h.run(ctx, store, []supervisor.Template{template}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
	var have sync.Map // value by key
	change := func(service string, port int) error {
		key, value := "/skydns/com/example/s/"+service+"/node-1", fmt.Appendf(nil, `{"host":"10.0.0.1","port":%d}`, port)
		was, _ := have.Load(key)
		old, _ := was.([]byte)
		ok, err := store.Swap(ctx, registry.Swap{Key: key, Old: old, New: value})
		if err == nil && !ok {
			err = fmt.Errorf("%s is not as it was written last", key)
		}
		if err == nil {
			have.Store(key, value)
		}
		return err
	}
	return renders{name, services, change, w}
}

func consulOf(t *testing.T, url string) registry.Store {
	t.Helper()
	store, err := consul.Open(consul.Config{Address: url}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// theirs runs consul-template on a Consul, in whose catalog the services are.
func theirs(t *testing.T, name, program, url string, services int, more ...string) renders {
	t.Helper()
	w := watch(t)
	in := filepath.Join(t.TempDir(), "in.ctmpl")
	if err := os.WriteFile(in, []byte(text(services)), 0o644); err != nil {
		t.Fatal(err)
	}
	p := &registrytest.Process{T: t, Name: name, Dir: filepath.Join(t.TempDir(), "data"), Command: func() *exec.Cmd {
		return exec.Command(program, append([]string{"-consul-addr", url, "-log-level", "err", "-template", in + ":" + w.path + ":echo >>" + w.path + ".reloads"}, more...)...)
	}}
	p.Start()
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: burst}}
	change := func(service string, port int) error {
		body, err := json.Marshal(map[string]any{"Name": service, "Address": "10.0.0.1", "Port": port})
		if err != nil {
			return err
		}
		r, err := http.NewRequest("PUT", url+"/v1/agent/service/register", bytes.NewReader(body))
		if err != nil {
			return err
		}
		answer, err := client.Do(r)
		if err != nil {
			return err
		}
		answer.Body.Close()
		if answer.StatusCode != 200 {
			return errors.New(answer.Status)
		}
		return nil
	}
	return renders{name, services, change, w}
}

// watched is a file that is replaced by rename.
type watched struct {
	t    *testing.T
	path string
	news chan seen
	last seen
}

// seen is what was in the file, and since when.
type seen struct {
	text string
	at   time.Time
}

// watch follows a file that is not there yet.
func watch(t *testing.T) *watched {
	t.Helper()
	dir := t.TempDir()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.O_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_MOVED_TO); err != nil {
		t.Fatal(err)
	}
	w := &watched{t: t, path: filepath.Join(dir, "out"), news: make(chan seen, 10000)}
	events := os.NewFile(uintptr(fd), "inotify")
	t.Cleanup(func() { events.Close() })
	go func() {
		for buffer := make([]byte, 1<<16); ; {
			if _, err := events.Read(buffer); err != nil {
				return
			}
			at := time.Now()
			if text, err := os.ReadFile(w.path); err == nil {
				w.news <- seen{string(text), at}
			}
		}
	}()
	return w
}

// until waits until the file is so, and returns since when it is.
func (w *watched) until(what string, so func(text string) bool) time.Time {
	w.t.Helper()
	for late := time.After(90 * time.Second); !so(w.last.text); {
		select {
		case w.last = <-w.news:
		case <-late:
			w.t.Fatalf("%s: still not so after 90 s: %s", what, w.last.text[:min(len(w.last.text), 2000)])
		}
	}
	return w.last.at
}

func (w *watched) reloads(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(w.path + ".reloads")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(text, []byte("\n"))
}

func figure(format string, args ...any) { fmt.Printf("measured: "+format+"\n", args...) }

// spread prints how what was measured spreads.
func spread(what string, took []time.Duration) {
	took = slices.Sorted(slices.Values(took))
	at := func(percent int) time.Duration {
		return took[(len(took)-1)*percent/100].Round(time.Millisecond / 10)
	}
	figure("%s: median %s, 90th percentile %s, worst %s of %s", what, at(50), at(90), at(100), strconv.Itoa(len(took)))
}

func median(of []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[(len(sorted)-1)/2]
}
