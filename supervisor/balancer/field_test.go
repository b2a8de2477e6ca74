package balancer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/control"
	"rundock/internal/cutover"
	"rundock/internal/haproxy"
	"rundock/internal/haproxy/haproxytest"
	"rundock/internal/hostconfig"
	"rundock/internal/pause"
	"rundock/internal/registry"
	"rundock/internal/registry/consultest"
	"rundock/internal/registry/direct"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/registrytest"
)

// field is a site for tests: a store, and load balancers of the service shop.
type field struct {
	t         *testing.T
	server    *registrytest.Process // of the store
	config    hostconfig.Config     // settings of the store
	store     registry.Store
	balancers []*member
	ports     map[string]string // addresses of instances by name
}

// member is a load balancer.
type member struct {
	*haproxytest.Server
	field    *field
	name     string
	front    string // where clients come
	settings string
	status   string // folder
	leave    context.CancelCauseFunc
	left     chan struct{}
	store    registry.Store
}

func newField(t *testing.T, balancers int) *field {
	etcd := etcdtest.Start(t, "embedded", nil)
	return fieldOf(t, balancers, &etcd.Process, hostconfig.Config{Etcd: hostconfig.Etcd{Endpoints: []string{etcd.URL}}})
}

// consulField is newField with Consul as the store.
func consulField(t *testing.T, balancers int) *field {
	consul := consultest.Start(t, nil)
	return fieldOf(t, balancers, &consul.Process, hostconfig.Config{Consul: hostconfig.Consul{Address: consul.URL}})
}

func fieldOf(t *testing.T, balancers int, server *registrytest.Process, config hostconfig.Config) *field {
	f := &field{t: t, server: server, config: config, ports: map[string]string{}}
	f.store = f.client()
	t.Cleanup(func() { f.store.Close() })
	for i := range balancers {
		m := &member{Server: haproxytest.New(t), field: f, name: fmt.Sprintf("front-%d", i+1), front: haproxytest.Address(), status: t.TempDir()}
		m.settings = `{"version": 1, "frontends": [{"name": "web", "bind": ["` + m.front + `"], "service": "shop"}],
			"services": [{"name": "shop", "slots": 4, "check": {"path": "/health", "interval": "500ms", "fast": "100ms", "timeout": "30s"}}]}`
		m.Server.Start()
		m.start()
		f.balancers = append(f.balancers, m)
	}
	return f
}

func (f *field) host(name string) hostconfig.Config {
	c := f.config
	c.Version, c.Host, c.Domain, c.Label = 1, name, "prod.example.com", "s"
	return c
}

func (f *field) client() registry.Store {
	f.t.Helper()
	host := f.host("test")
	store, err := direct.Store(host.OwnStore(), host, slog.New(slog.DiscardHandler))
	if err != nil {
		f.t.Fatal(err)
	}
	return store
}

// start runs the balancer.
func (m *member) start() {
	t := m.field.t
	t.Helper()
	settings, err := haproxy.Parse([]byte(m.settings))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(&logTo{t: t, name: m.name}, nil))
	m.store = m.field.client()
	store := m.store
	ctx, leave := context.WithCancelCause(context.Background())
	left := make(chan struct{})
	m.leave, m.left = leave, left
	go func() {
		defer close(left)
		if err := newBalancer(settings, m.Site, m.status, m.Reload, log).serve(ctx, store, m.field.host(m.name), "machine-of-"+m.name); err != nil {
			t.Error(err)
		}
	}()
	stop := func() { leave(registry.ErrHandOver); <-left }
	t.Cleanup(func() { stop(); store.Close() })
}

// stop ends the balancer; HAProxy goes on.
func (m *member) stop(cause error) {
	m.leave(cause)
	<-m.left
	m.store.Close()
}

func (m *member) read() control.BalanceStatus {
	s, err := control.ReadBalance(m.status)
	if err != nil {
		m.T.Fatal(err)
	}
	return s
}

// logTo writes a log's lines to the test's while that runs.
type logTo struct {
	t    *testing.T
	name string
}

func (l *logTo) Write(line []byte) (int, error) {
	if l.t.Context().Err() == nil {
		l.t.Logf("%s: %s", l.name, bytes.TrimSpace(line))
	}
	return len(line), nil
}

// put writes a key that is there, or not.
func (f *field) put(key string, value []byte) {
	f.t.Helper()
	await.Nil(f.t, "the store takes "+key, func() error {
		now, err := f.store.Read(f.t.Context(), []string{key})
		if err == nil && (now[0].Exists || value != nil) {
			_, err = f.store.Swap(f.t.Context(), registry.Swap{Key: key, Old: now[0].Value, New: value})
		}
		return err
	})
}

// announce writes the record of an instance, and withdraw removes it.
func (f *field) announce(instance, colour, at string) {
	f.t.Helper()
	host, port, _ := net.SplitHostPort(at)
	f.put("/skydns/com/example/prod/s/shop/"+instance, fmt.Appendf(nil, `{"host": %q, "port": %s, "colour": %q, "id": %q}`, host, port, colour, instance))
}

func (f *field) withdraw(instance string) { f.put("/skydns/com/example/prod/s/shop/"+instance, nil) }

// app is an instance of shop: it answers a POST with its name and what it got.
type app struct {
	name, at string
	listens  time.Time // when it begins to
	server   *http.Server
	late     *time.Timer
}

// app starts an instance, which begins to listen later.
func (f *field) app(name string, late time.Duration) *app {
	f.t.Helper()
	a := &app{name: name, at: haproxytest.Address(), listens: time.Now().Add(late)}
	a.server = &http.Server{Addr: a.at, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		switch r.URL.Path {
		case "/slow": // one that is under way when something changes
			pause.For(r.Context(), time.Second/4)
		case "/endless":
			<-r.Context().Done()
		case "/health":
			if strings.HasPrefix(name, "sick") {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		case "/":
			if strings.HasPrefix(name, "broken") {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}
		fmt.Fprintf(w, "%s %s", name, data)
	})}
	a.late = time.AfterFunc(late, func() {
		if err := a.server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			f.t.Error(err)
		}
	})
	f.t.Cleanup(a.stop)
	return a
}

// stop ends it at once: what is under way fails.
func (a *app) stop() {
	a.late.Stop()
	a.server.Close()
}

// view is what the store has of shop's switch.
func (f *field) view() cutover.View {
	f.t.Helper()
	book := cutover.NewBook()
	for _, prefix := range []string{cutover.Prefix, cutover.LoadBalancersPrefix} {
		keys, _, err := f.store.List(f.t.Context(), prefix)
		if err != nil {
			f.t.Fatal(err)
		}
		b := registry.Batch{Complete: true}
		for _, k := range keys {
			b.Changes = append(b.Changes, registry.Change{Key: k.Key, Value: k.Value})
		}
		book.Apply(prefix, b)
	}
	for _, err := range book.Faults() {
		f.t.Error(err)
	}
	return book.View("shop")
}

// attempt begins an attempt, and leads it until it is settled; it returns the
// last State. Instances count as healthy: what load balancers see is tested.
func (f *field) attempt(change func(*cutover.State)) cutover.State {
	f.t.Helper()
	f.begin(change)
	return f.finish()
}

// begin begins an attempt.
func (f *field) begin(change func(*cutover.State)) {
	f.t.Helper()
	v := f.view()
	s := *v.State
	s.To, s.Phase, s.Attempt, s.Who, s.Since, s.Why = cutover.Other(s.Active), cutover.Prepare, fmt.Sprintf("%s+", s.Attempt), "test", time.Now(), ""
	s.MinHealthy, s.Drain, s.Timeout = 1, 20, 60
	change(&s)
	lock := cutover.JSON(cutover.Lock{ID: s.Attempt, Who: "test", Host: "test", To: s.To, Since: time.Now()})
	f.put(cutover.LockKey("shop"), lock)
	f.put(cutover.Key("shop"), cutover.JSON(s))
}

// step makes the attempt's next step, if there is one.
func (f *field) step() (last cutover.Step) {
	f.t.Helper()
	v := f.view()
	last = cutover.Next(v, []cutover.Instance{{Name: "polled"}}, time.Now())
	if last.Do == cutover.Write {
		if v.State.Phase != last.Next.Phase {
			f.t.Logf("%s -> %s: %s", v.State.Phase, last.Next.Phase, last.Why)
		}
		f.put(cutover.Key("shop"), cutover.JSON(last.Next))
	}
	return last
}

// finish leads the attempt until it is settled.
func (f *field) finish() cutover.State {
	f.t.Helper()
	await.Empty(f.t, "the attempt is over", func() string {
		if last := f.step(); last.Do != cutover.Done {
			return last.Why
		}
		return ""
	})
	f.put(cutover.LockKey("shop"), nil)
	return *f.view().State
}

// first makes blue the active colour, and waits until all load balancers serve it.
func (f *field) first() {
	f.t.Helper()
	f.put(cutover.Key("shop"), cutover.JSON(cutover.First(cutover.Blue, time.Now())))
	f.serves(cutover.Blue)
}

// serves waits until all load balancers say that a colour has the traffic.
func (f *field) serves(colour string) {
	f.t.Helper()
	await.Empty(f.t, "all serve "+colour, func() string {
		v := f.view()
		if len(v.LoadBalancers) < len(f.balancers) {
			return fmt.Sprintf("load balancers that the store knows: %q", v.LoadBalancers)
		}
		for _, host := range v.LoadBalancers {
			a := v.Acks[host]
			if a.Reached != cutover.Serving || a.Colour != colour || a.Counters[colour].Up == 0 {
				text, _ := json.Marshal(a)
				return host + ": " + string(text)
			}
		}
		return ""
	})
}

// config is the configuration's file.
func (m *member) config(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(m.Site.Config())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
