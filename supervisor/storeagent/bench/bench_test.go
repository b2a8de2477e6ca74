// Package bench measures what the services of many hosts cost an etcd: hosts with a
// real rundockd store each, whose sidecars are clients of it in this program, and
// beside them the same clients with a connection of their own each.
//
// It runs small among the tests, so that it cannot rot, and in earnest by make
// bench-store. Nothing is asserted about time or memory.
package bench

import (
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/hostconfig"
	"rundock/internal/pause"
	"rundock/internal/registry"
	"rundock/internal/registry/direct"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/local"
	"rundock/internal/registry/registrytest"
)

var (
	earnest  = flag.Bool("earnest", false, "measure, instead of only running")
	hosts    = flag.Int("hosts", 300, "hosts, in earnest")
	services = flag.Int("services", 50, "services of a host, in earnest")
	share    = flag.Int("share", 10, "one of so many has a connection of its own in the comparison, in earnest")
	seconds  = flag.Int("seconds", 60, "for which etcd is measured at rest, in earnest")
	pair     = flag.Int("pair", 30, "hosts of each of the two sites with certificates and without, in earnest")
	rounds   = flag.Int("rounds", 30, "restarts of the etcd of each of them, in earnest")
)

func TestMain(m *testing.M) {
	flag.Parse()
	if !*earnest {
		*hosts, *services, *share, *seconds, *pair, *rounds = 3, 4, 2, 0, 2, 1
	}
	etcdtest.Main(m)
}

// lease is that of a sidecar by default; longer where a busy machine must not let it run out.
func lease() time.Duration {
	if *earnest {
		return 15 * time.Second
	}
	return 6 * registry.MinLease
}

// rest is how long everything is left alone before it is measured.
func rest(t *testing.T) {
	if *earnest {
		pause.For(t.Context(), 20*time.Second)
	}
}

var quiet = slog.New(slog.DiscardHandler)

// TestManyHosts is the measurement.
func TestManyHosts(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("a host's folders for each rundockd store need root")
	}
	programs := build(t)
	var byAgents, ofTheirOwn figures
	t.Run("rundockd store, dnsd's etcd", func(t *testing.T) {
		byAgents = measure(t, embedded(t, programs, "http", hostconfig.Etcd{}), func(to hostconfig.Etcd) *crowd { return agents(t, programs, to, *hosts) })
	})
	t.Run("rundockd store, Debian's etcd", func(t *testing.T) {
		e := etcdtest.Start(t, "debian", nil)
		measure(t, server{&e.Process, hostconfig.Etcd{Endpoints: []string{e.URL}}}, func(to hostconfig.Etcd) *crowd { return agents(t, programs, to, *hosts) })
	})
	t.Run("a connection each, dnsd's etcd", func(t *testing.T) {
		ofTheirOwn = measure(t, embedded(t, programs, "http", hostconfig.Etcd{}), func(to hostconfig.Etcd) *crowd { return connections(t, to) })
	})
	if t.Failed() {
		return
	}
	t.Logf("measured: %d services by rundockd store cost etcd %.0f MB and %.1f %% of a core; by a connection each, extrapolated from 1 in %d, %.0f MB and %.0f %%: ratios %.3f and %.3f",
		*hosts**services, byAgents.megabytes, byAgents.percent, *share, ofTheirOwn.megabytes*float64(*share), ofTheirOwn.percent*float64(*share),
		byAgents.megabytes/(ofTheirOwn.megabytes*float64(*share)), byAgents.percent/(ofTheirOwn.percent*float64(*share)))
}

// build returns the folder of dnsd and rundock-store, as they are shipped.
func build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("go", "build", "-trimpath", "-tags", "grpcnotrace", "-ldflags", "-s -w", "-o", dir+"/", "rundock/supervisor/rundock-store", "rundock/dnsd")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build rundock-store and dnsd: %v\n%s", err, out)
	}
	return dir
}

// server is an etcd.
type server struct {
	*registrytest.Process
	to hostconfig.Etcd // as clients have it
}

// embedded is the etcd that dnsd has beside it. to are a client's settings but for the
// endpoint; flags are more of the server's.
func embedded(t *testing.T, programs, scheme string, to hostconfig.Etcd, flags ...string) server {
	t.Helper()
	url := scheme + "://" + etcdtest.Address()
	dir := filepath.Join(t.TempDir(), "etcd")
	to.Endpoints = []string{url}
	s := server{&registrytest.Process{T: t, Name: "dnsd's etcd at " + url, Dir: dir, Command: func() *exec.Cmd {
		return exec.Command(filepath.Join(programs, "dnsd"), append([]string{"store", "run", "--dir", dir, "--listen", url}, flags...)...)
	}}, to}
	s.Start()
	return s
}

// crowd are sidecars as far as a store sees them, each announcing a service.
type crowd struct {
	announcers []*registrytest.Announcer
	agents     []*registrytest.Process
	sockets    []string // of the agents
}

// client is a client of a host's rundockd store.
func (c *crowd) client(t *testing.T, host int) registry.Store {
	store := local.Open(c.sockets[host], quiet)
	t.Cleanup(func() { store.Close() })
	return store
}

// announce adds a sidecar of a host, with its client.
func (c *crowd) announce(t *testing.T, store registry.Store, host, service int) {
	t.Helper()
	id := fmt.Sprintf("%032x/web-%d", host, service)
	key := fmt.Sprintf("/skydns/com/example/prod/s/web-%d/node-%d", service, host)
	value := fmt.Sprintf(`{"host":"10.%d.%d.7","port":%d,"ttl":5,"group":"main","id":%q}`, host/250, host%250, 9000+service, id)
	c.announcers = append(c.announcers, registrytest.Announce(t, store, lease(), registry.Item{Key: key, ID: id, Value: []byte(value)}))
}

// held returns how many sidecars find themselves held, with nothing to say against it.
func (c *crowd) held() (n int) {
	for _, a := range c.announcers {
		if a.Held() {
			n++
		}
	}
	return n
}

// all waits until held returns this many.
func (c *crowd) all(t *testing.T, what string, want int) {
	t.Helper()
	await.Empty(t, what, func() string {
		if n := c.held(); n != want {
			return fmt.Sprintf("%d of %d sidecars are held", n, len(c.announcers))
		}
		return ""
	})
}

// agents are n hosts with a rundockd store each and all services.
func agents(t *testing.T, programs string, to hostconfig.Etcd, n int) *crowd {
	t.Helper()
	dir, err := os.MkdirTemp("", "hosts") // whose sockets' paths are short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	etc := filepath.Join(dir, "etc")
	settings, err := json.Marshal(to)
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(`{"version":1,"host":"node","domain":"prod.example.com","label":"s","etcd":%s}`, settings)
	if err := os.MkdirAll(filepath.Join(etc, "rundock"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(etc, "rundock/host.json"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	c := &crowd{}
	for host := range n {
		run := filepath.Join(dir, fmt.Sprint(host))
		if err := os.Mkdir(run, 0o755); err != nil {
			t.Fatal(err)
		}
		p := &registrytest.Process{T: t, Name: fmt.Sprint("rundockd store of host ", host), Dir: filepath.Join(run, "agent"), Command: func() *exec.Cmd {
			const enter = `mount --bind "$0" /etc; mount --bind "$1" /run; exec "$2"`
			return exec.Command("unshare", "--mount", "sh", "-ec", enter, etc, run, filepath.Join(programs, "rundock-store"))
		}}
		p.Start()
		c.agents = append(c.agents, p)
		c.sockets = append(c.sockets, filepath.Join(run, "rundock/store.sock"))
		for service := range *services {
			c.announce(t, c.client(t, host), host, service)
		}
	}
	return c
}

// connections are a share of the same sidecars, each with a connection of its own.
func connections(t *testing.T, to hostconfig.Etcd) *crowd {
	t.Helper()
	c := &crowd{}
	config := hostconfig.Config{Etcd: to}
	for i := range *hosts * *services / *share {
		store, err := direct.Store(hostconfig.StoreEtcd, config, quiet)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { store.Close() })
		c.announce(t, store, i / *services, i%*services)
	}
	return c
}
