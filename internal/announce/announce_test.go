package announce

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/control"
	"rundock/internal/registry"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
)

const deadline = 60 * time.Second

func TestMain(m *testing.M) { etcdtest.Main(m) }

// stage is an etcd, somebody who watches it, and a port on loopback in place
// of a container's.
type stage struct {
	t      *testing.T
	server *etcdtest.Server
	reg    *etcd.Client

	mu   sync.Mutex
	keys map[string]string
	seen []string // "put key", "delete key", in order

	address  netip.AddrPort
	listener net.Listener
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, server: etcdtest.Start(t, "embedded", nil), keys: map[string]string{}}
	reg, err := etcd.Open(etcd.Config{Endpoints: []string{s.server.URL}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.reg = reg
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	listed := make(chan struct{}, 1)
	go func() {
		done <- reg.Watch(ctx, "/skydns/", s.on, func(err error) {
			if err == nil {
				select {
				case listed <- struct{}{}:
				default:
				}
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		reg.Close()
	})
	select {
	case <-listed:
	case <-time.After(deadline):
		t.Fatal("etcd does not answer")
	}
	s.listen()
	t.Cleanup(s.refuse)
	return s
}

func (s *stage) on(b registry.Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.Complete {
		clear(s.keys)
	}
	for _, c := range b.Changes {
		if c.Value == nil {
			delete(s.keys, c.Key)
			s.seen = append(s.seen, "delete "+c.Key)
		} else {
			s.keys[c.Key] = string(c.Value)
			s.seen = append(s.seen, "put "+c.Key)
		}
	}
}

// listen and refuse are the container's port being served or not.
func (s *stage) listen() {
	s.t.Helper()
	where := "127.0.0.1:0"
	if s.address.IsValid() {
		where = s.address.String()
	}
	l, err := net.Listen("tcp", where)
	if err != nil {
		s.t.Fatal(err)
	}
	s.listener, s.address = l, netip.MustParseAddrPort(l.Addr().String())
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
}

func (s *stage) refuse() { s.listener.Close() }

// run is the container id, running.
func (s *stage) run(id string) Instance {
	return Instance{Exists: true, Running: true, ID: id, Started: time.Now(), Addresses: map[string]netip.Addr{"bridge": s.address.Addr()}}
}

func exited(i Instance, code int) Instance {
	i.Running, i.ExitCode, i.Finished, i.Addresses = false, code, time.Now(), nil
	return i
}

// sidecar is a running Announcer.
type sidecar struct {
	*Announcer
	t      *testing.T
	cancel context.CancelCauseFunc
	done   chan error

	mu       sync.Mutex
	statuses []control.AnnounceStatus
}

func (s *stage) announce(change func(*Config)) *sidecar {
	s.t.Helper()
	cfg := Config{
		Identity:     Identity{Prefix: "/skydns", Zone: "s.prod.example.com", Service: "web", Host: "node-1", ID: "m1/web"},
		HasContainer: true,
		Ports:        []Port{{Address: netip.MustParseAddr("10.0.0.7"), Port: 8080, ContainerPort: int(s.address.Port()), Lease: 5 * time.Second}},
	}
	if change != nil {
		change(&cfg)
	}
	c := &sidecar{t: s.t, done: make(chan error, 1)}
	a, err := New(cfg, s.reg, c.on, slog.New(slog.DiscardHandler))
	if err != nil {
		s.t.Fatal(err)
	}
	c.Announcer = a
	ctx, cancel := context.WithCancelCause(context.Background())
	c.cancel = cancel
	go func() { c.done <- a.Run(ctx) }()
	s.t.Cleanup(func() {
		cancel(nil)
		<-c.ended
	})
	return c
}

func (c *sidecar) on(s control.AnnounceStatus) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.statuses = append(c.statuses, s)
}

func (c *sidecar) status() control.AnnounceStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.statuses) == 0 {
		return control.AnnounceStatus{}
	}
	return c.statuses[len(c.statuses)-1]
}

func (c *sidecar) is(state control.AnnounceState) func() bool {
	return func() bool { return c.status().State == state }
}

func (c *sidecar) end(cause error) {
	c.t.Helper()
	c.cancel(cause)
	select {
	case err := <-c.done:
		if err != nil {
			c.t.Errorf("Run = %v, want nil", err)
		}
	case <-time.After(deadline):
		c.t.Fatal("the sidecar did not end")
	}
}

const webKey = "/skydns/com/example/prod/s/web/node-1"

func (s *stage) has(keys ...string) func() bool {
	return func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.keys) != len(keys) {
			return false
		}
		return !slices.ContainsFunc(keys, func(k string) bool { return s.keys[k] == "" })
	}
}

func TestAnnouncer(t *testing.T) {
	for _, c := range []struct {
		claim string
		test  func(t *testing.T, s *stage)
	}{
		{"announces once the port answers, and withdraws when the container ends", func(t *testing.T, s *stage) {
			s.refuse()
			a := s.announce(nil)
			await.True(t, "it waits for docker", func() bool { return a.status().Reason == "docker has not answered yet" })
			first := s.run("one")
			a.Instance(first)
			refused := fmt.Sprintf("tcp %s: connection refused", s.address)
			await.True(t, "the refusal is the reason", func() bool { return a.status().Reason == refused })
			s.listen()
			await.True(t, "the key is there", s.has(webKey))
			await.True(t, "it says so", a.is(control.Announced))
			want := control.Record{Key: webKey, Name: "node-1.web.s.prod.example.com", Host: "10.0.0.7", Port: 8080}
			if got := a.status(); got.Container != "one" || len(got.Records) != 1 || got.Records[0] != want || got.Reason != "" {
				t.Errorf("status = %+v, want container one, record %+v and no reason", got, want)
			}
			a.Instance(exited(first, 137))
			await.True(t, "the key is gone", s.has())
			await.True(t, "it waits", a.is(control.Unhealthy))
			a.Instance(s.run("two"))
			await.True(t, "the key is there again", s.has(webKey))
		}},
		{"withdraws after three refusals", func(t *testing.T, s *stage) {
			a := s.announce(func(c *Config) { c.Ports[0].Check.Interval = 50 * time.Millisecond })
			a.Instance(s.run("one"))
			await.True(t, "the key is there", s.has(webKey))
			s.refuse()
			await.True(t, "the key is gone", s.has())
			s.listen()
			await.True(t, "the key is there again", s.has(webKey))
		}},
		{"announces each port for itself", func(t *testing.T, s *stage) {
			adminKey := "/skydns/com/example/prod/s/web/_tcp/_admin/node-1"
			a := s.announce(func(c *Config) {
				admin := c.Ports[0]
				admin.Name, admin.ContainerPort = "admin", 1
				c.Ports = append(c.Ports, admin)
			})
			first := s.run("one")
			a.Instance(first)
			await.True(t, "the service's own key is there alone", s.has(webKey))
			await.True(t, "the other port is the reason", func() bool { return a.status().Reason == "port admin: tcp 127.0.0.1:1: connection refused" })
			a.mustNot(s, "put "+adminKey)
		}},
		{"withdraws on request, drains, and stays away until another container", func(t *testing.T, s *stage) {
			a := s.announce(func(c *Config) { c.Drain = 100 * time.Millisecond })
			first := s.run("one")
			a.Instance(first)
			await.True(t, "it is announced", a.is(control.Announced))
			a.Withdraw()
			await.True(t, "it is withdrawn", a.is(control.Withdrawn))
			if !s.has()() {
				t.Error("it says withdrawn before the key is gone")
			}
			states := a.states()
			if want := []control.AnnounceState{control.Announced, control.Draining, control.Withdrawn}; !slices.Equal(states[len(states)-3:], want) {
				t.Errorf("states = %v, want %v at the end", states, want)
			}
			a.Instance(first)
			a.Instance(exited(first, 0))
			a.Instance(s.run("two"))
			await.True(t, "it is announced again", a.is(control.Announced))
		}},
		{"answers a request at once when nothing was announced", func(t *testing.T, s *stage) {
			a := s.announce(func(c *Config) { c.Drain = time.Hour })
			a.Instance(exited(s.run("one"), 1))
			a.Withdraw()
			await.True(t, "it is withdrawn", a.is(control.Withdrawn))
		}},
		{"withdraws and drains when told to stop", func(t *testing.T, s *stage) {
			a := s.announce(func(c *Config) { c.Drain = 50 * time.Millisecond })
			a.Instance(s.run("one"))
			await.True(t, "it is announced", a.is(control.Announced))
			a.end(nil)
			await.True(t, "the key is gone", s.has())
			if got := a.status(); got.State != control.Withdrawn || got.Reason != "told to stop" {
				t.Errorf("last status = %s, %s, want withdrawn, told to stop", got.State, got.Reason)
			}
		}},
		{"says that its record stays, told to stop while etcd is away", func(t *testing.T, s *stage) {
			a := s.announce(nil)
			a.Instance(s.run("one"))
			await.True(t, "it is announced", a.is(control.Announced))
			s.server.Kill()
			a.end(nil)
			if got := a.status(); got.State != control.Withdrawn || !strings.Contains(got.Stays, "withdraw "+webKey) {
				t.Errorf("last status = %s, stays = %q, want withdrawn, and why the record stays", got.State, got.Stays)
			}
		}},
		{"hands over without a gap", func(t *testing.T, s *stage) {
			run := s.run("one")
			a := s.announce(nil)
			a.Instance(run)
			await.True(t, "it is announced", a.is(control.Announced))
			a.end(registry.ErrHandOver)
			if got := a.status(); got.State != control.Announced {
				t.Errorf("last status = %s, want announced, as it is", got.State)
			}
			b := s.announce(nil)
			b.Instance(run)
			await.True(t, "the successor announces", b.is(control.Announced))
			a.mustNot(s, "delete "+webKey)
		}},
		{"takes away what its predecessor left, told to stop before it could announce", func(t *testing.T, s *stage) {
			s.left(t, "m1/web")
			b := s.announce(func(c *Config) { c.Drain = 50 * time.Millisecond })
			b.end(nil)
			if s.there(t, webKey) {
				t.Error("it has ended, and the key is still there")
			}
			if !slices.Contains(b.states(), control.Draining) {
				t.Errorf("states = %v, and none that gives clients time to leave", b.states())
			}
		}},
		{"withdraws on request what its predecessor left", func(t *testing.T, s *stage) {
			s.left(t, "m1/web")
			b := s.announce(func(c *Config) { c.Drain = 50 * time.Millisecond })
			b.Withdraw()
			await.True(t, "it is withdrawn", b.is(control.Withdrawn))
			if s.there(t, webKey) {
				t.Error("it says withdrawn, and the key is still there")
			}
			b.Instance(s.run("two"))
			await.True(t, "it announces another container", b.is(control.Announced))
		}},
		{"withdraws what its predecessor left once its own check has failed", func(t *testing.T, s *stage) {
			s.left(t, "m1/web")
			await.True(t, "its key is there", s.has(webKey))
			s.refuse()
			b := s.announce(func(c *Config) { c.Ports[0].Check.Interval = 50 * time.Millisecond })
			b.Instance(s.run("one"))
			await.True(t, "the key is gone", s.has())
			s.listen()
			await.True(t, "the key is there again", s.has(webKey))
		}},
		{"withdraws what its predecessor left of a container that has ended, when etcd is back", func(t *testing.T, s *stage) {
			s.left(t, "m1/web")
			await.True(t, "its key is there", s.has(webKey))
			s.server.Kill()
			b := s.announce(nil)
			b.Instance(exited(s.run("one"), 1))
			await.True(t, "it says that the key stays for now", func() bool { return strings.Contains(b.status().Reason, "withdraw "+webKey) })
			s.server.Restart()
			await.True(t, "the key is gone", s.has())
		}},
		{"withdraws at once what predecessors announced and it does not", func(t *testing.T, s *stage) {
			const adminKey, theirs = "/skydns/com/example/prod/s/web/_tcp/_admin/node-1", "/skydns/com/example/prod/s/web/node-2"
			s.leftPort(t, "m1/web", "admin")
			s.put(t, theirs, `{"host":"10.0.0.8","id":"m2/web"}`)
			await.True(t, "two keys and another's are there", s.has(webKey, adminKey, theirs))
			s.server.Kill()
			b := s.announce(func(c *Config) { c.Inherited = []string{theirs, adminKey, webKey} })
			b.Instance(s.run("one"))
			await.True(t, "it says what there may be", func() bool {
				return slices.Equal(b.status().Keys, []string{webKey, theirs, adminKey}) && slices.Equal(b.status().Unwanted(), []string{theirs, adminKey})
			})
			s.server.Restart()
			await.True(t, "the key that it does not announce is gone", s.has(webKey, theirs))
			await.True(t, "it says so", func() bool { return slices.Equal(b.status().Keys, []string{webKey}) })
			b.mustNot(s, "delete "+webKey)
		}},
		{"takes away all that predecessors announced, told to stop at once", func(t *testing.T, s *stage) {
			const adminKey = "/skydns/com/example/prod/s/web/_tcp/_admin/node-1"
			s.leftPort(t, "m1/web", "admin")
			b := s.announce(func(c *Config) { c.Inherited = []string{adminKey} })
			b.end(nil)
			if s.there(t, webKey) || s.there(t, adminKey) {
				t.Error("it has ended, and a key is still there")
			}
			if got := b.status(); !slices.Equal(got.Keys, []string{webKey}) {
				t.Errorf("keys = %v, want its own alone", got.Keys)
			}
		}},
		{"leaves another's key, told to stop or to withdraw", func(t *testing.T, s *stage) {
			s.left(t, "m2/web")
			b := s.announce(nil)
			b.Withdraw()
			await.True(t, "it is withdrawn", b.is(control.Withdrawn))
			b.end(nil)
			if !s.there(t, webKey) {
				t.Error("the other's key is gone")
			}
		}},
		{"goes on through dockerd's restart while the port answers", func(t *testing.T, s *stage) {
			run := s.run("one")
			a := s.announce(nil)
			a.Instance(run)
			await.True(t, "it is announced", a.is(control.Announced))
			a.Instance(Instance{Unreachable: fmt.Errorf("reach dockerd: connection refused")})
			a.Instance(run)
			a.Instance(Instance{Unreachable: fmt.Errorf("reach dockerd: connection refused")})
			a.Instance(run)
			a.mustNot(s, "delete "+webKey)
			if !s.has(webKey)() {
				t.Error("the key is gone")
			}
		}},
		{"says that etcd is down and announces when it is up", func(t *testing.T, s *stage) {
			s.server.Kill()
			a := s.announce(nil)
			a.Instance(s.run("one"))
			await.True(t, "it says so", a.is(control.Unreached))
			s.server.Restart()
			await.True(t, "it is announced", a.is(control.Announced))
			await.True(t, "the key is there", s.has(webKey))
		}},
		{"leaves no ghost of a container that ended while etcd hung", func(t *testing.T, s *stage) {
			run := s.run("one")
			a := s.announce(nil)
			a.Instance(run)
			await.True(t, "it is announced", a.is(control.Announced))
			s.server.Freeze()
			a.Instance(exited(run, 1))
			await.True(t, "the end is the reason", a.is(control.Unhealthy))
			s.server.Thaw()
			await.True(t, "the key is gone", s.has())
			a.Instance(s.run("two"))
			await.True(t, "the next one is announced", s.has(webKey))
		}},
		{"names who holds the key", func(t *testing.T, s *stage) {
			theirs := s.announce(func(c *Config) { c.ID = "m2/web" })
			theirs.Instance(s.run("one"))
			await.True(t, "the other announces", theirs.is(control.Announced))
			ours := s.announce(nil)
			ours.Instance(s.run("one"))
			await.True(t, "it waits for the key", ours.is(control.Conflict))
			if got, want := ours.status().Reason, webKey+" is held by m2/web"; got != want {
				t.Errorf("reason = %s, want %s", got, want)
			}
			theirs.end(nil)
			await.True(t, "it is announced", ours.is(control.Announced))
		}},
		{"announces a process outside docker by its check", func(t *testing.T, s *stage) {
			a := s.announce(func(c *Config) {
				c.HasContainer = false
				c.Ports[0].Address, c.Ports[0].Port, c.Ports[0].ContainerPort = s.address.Addr(), int(s.address.Port()), 0
				c.Ports[0].Check.Interval = 50 * time.Millisecond
			})
			await.True(t, "it is announced", a.is(control.Announced))
			s.refuse()
			await.True(t, "the key is gone", s.has())
		}},
		{"announces what HEALTHCHECK calls healthy, at once", func(t *testing.T, s *stage) {
			s.refuse() // nobody asks the port
			a := s.announce(nil)
			run := s.run("one")
			for _, health := range []string{"starting", "healthy", "unhealthy", "healthy"} {
				run.Health = health
				a.Instance(run)
				if health == "healthy" {
					await.True(t, "the key is there", s.has(webKey))
				} else {
					await.True(t, "the key is not there", s.has())
				}
			}
		}},
	} {
		t.Run(c.claim, func(t *testing.T) {
			t.Parallel()
			c.test(t, newStage(t))
		})
	}
}

// left is what a sidecar leaves that has handed over, for a long time.
func (s *stage) left(t *testing.T, id string) {
	t.Helper()
	s.leftPort(t, id)
}

// leftPort is left of a sidecar that has announced a port of each name as well.
func (s *stage) leftPort(t *testing.T, id string, names ...string) {
	t.Helper()
	a := s.announce(func(c *Config) {
		c.ID, c.Ports[0].Lease = id, time.Hour
		for _, name := range names {
			p := c.Ports[0]
			p.Name = name
			c.Ports = append(c.Ports, p)
		}
	})
	a.Instance(s.run("one"))
	await.True(t, "the predecessor announces", a.is(control.Announced))
	a.end(registry.ErrHandOver)
}

func (s *stage) put(t *testing.T, key, value string) {
	t.Helper()
	if _, err := s.server.Admin().Put(t.Context(), key, value); err != nil {
		t.Fatal(err)
	}
}

// there asks etcd itself whether it has key now.
func (s *stage) there(t *testing.T, key string) bool {
	t.Helper()
	resp, err := s.server.Admin().Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Count > 0
}

// mustNot fails if the watcher saw event. A marker written now makes sure
// that everything before it was seen.
func (c *sidecar) mustNot(s *stage, event string) {
	c.t.Helper()
	const marker = "/skydns/marker"
	if _, err := s.server.Admin().Put(c.t.Context(), marker, "{}"); err != nil {
		c.t.Fatal(err)
	}
	await.True(c.t, "the marker is seen", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.keys[marker] != ""
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keys, marker)
	if slices.Contains(s.seen, event) {
		c.t.Errorf("the watcher saw %q", event)
	}
}

// states lists the states in order, each once.
func (c *sidecar) states() []control.AnnounceState {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []control.AnnounceState
	for _, s := range c.statuses {
		if len(out) == 0 || out[len(out)-1] != s.State {
			out = append(out, s.State)
		}
	}
	return out
}

func TestNew_names_what_is_wrong(t *testing.T) {
	good := Port{Address: netip.MustParseAddr("10.0.0.7"), Port: 80}
	reg, err := etcd.Open(etcd.Config{Endpoints: []string{"http://127.0.0.1:1"}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer reg.Close()
	with := func(change func(*Port)) []Port {
		p := good
		change(&p)
		return []Port{p}
	}
	for want, cfg := range map[string]Config{
		"announce web: no port to announce":                                                          {},
		"announce web: port 65536: want 1 to 65535, or 0 for an address alone":                       {Ports: with(func(p *Port) { p.Port = 65536 })},
		"announce web: address: an address alone has no name, container port and protocol":           {Ports: with(func(p *Port) { p.Port, p.Protocol = 0, "udp" })},
		"announce web: address: check tcp: an address alone is checked at a port of the check's own": {Ports: with(func(p *Port) { p.Port, p.Check.Type = 0, CheckTCP })},
		"announce web: a service of no stack has no aliases":                                         {Identity: Identity{Aliases: []string{"www"}}, Ports: []Port{good}},
		"announce web: port 80: protocol \"sctp\": want tcp or udp":                                  {Ports: with(func(p *Port) { p.Protocol = "sctp" })},
		"announce web: port 80: check type \"ping\": want docker, tcp, http or exec":                 {Ports: with(func(p *Port) { p.Check.Type = "ping" })},
		"announce web: port 80: lease 2s: want whole seconds, at least 5s":                           {Ports: with(func(p *Port) { p.Lease = 2 * time.Second })},
		"announce web: port 80: name \"\": the first port has none, each further one its own":        {Ports: []Port{good, good}},
		"announce web: port 80: there is no container whose address or HEALTHCHECK could be used":    {Ports: with(func(p *Port) { p.Check.Type = CheckDocker })},
		"announce data.web: a name with a dot would be announced as part of another service":         {Identity: Identity{Service: "data.web"}, Ports: []Port{good}},
	} {
		if cfg.Service == "" {
			cfg.Service = "web"
		}
		if _, err := New(cfg, reg, nil, slog.New(slog.DiscardHandler)); err == nil || err.Error() != want {
			t.Errorf("New = %v\nwant  %s", err, want)
		}
	}
}

// TestLatency measures, and asserts no time: from the container's becoming healthy to the key
// in the hands of somebody who watches etcd, and from its end to the key's
// being gone there.
func TestLatency(t *testing.T) {
	s := newStage(t)
	a := s.announce(nil)
	var up, down []time.Duration
	for i := range 21 {
		run := s.run(fmt.Sprint(i))
		run.Health = "starting"
		a.Instance(run)
		run.Health = "healthy"
		began := time.Now()
		a.Instance(run)
		await.True(t, "the key is there", s.has(webKey))
		up = append(up, time.Since(began))
		await.True(t, "it says so", a.is(control.Announced))
		a.Withdraw() // no drop: no flapping
		began = time.Now()
		await.True(t, "the key is gone", s.has())
		down = append(down, time.Since(began))
		await.True(t, "it says so", a.is(control.Withdrawn))
	}
	slices.Sort(up)
	slices.Sort(down)
	t.Logf("medians of %d: healthy to seen in etcd %s, request to gone from etcd %s", len(up), up[len(up)/2], down[len(down)/2])
}
