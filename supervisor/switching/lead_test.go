package switching

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/cutover"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/skydns"
)

// leadFrom in the environment makes this test binary lead an attempt, as a
// process of its own that can be killed.
const leadFrom = "SWITCHING_TEST_LEAD"

func TestMain(m *testing.M) {
	if url := os.Getenv(leadFrom); url != "" {
		store, err := etcd.Open(etcd.Config{Endpoints: []string{url}}, slog.New(slog.DiscardHandler))
		if err != nil {
			panic(err)
		}
		r := Request{Service: "web", To: cutover.Green, Who: "killed", Timeout: 60}
		newLead(r, store, testHost, func(line string) { fmt.Println(line) }).run(context.Background(), false)
		return
	}
	etcdtest.Main(m)
}

var testHost = hostconfig.Config{Host: "front-1", Domain: "prod.example.com", Label: "s"}

// site is a store with a service web, and load balancers that acknowledge as told.
type site struct {
	t      *testing.T
	url    string
	store  *etcd.Client
	failed string // a load balancer that has failed says why
}

func newSite(t *testing.T) *site {
	server := etcdtest.Start(t, "embedded", nil)
	s := &site{t: t, url: server.URL}
	s.store = s.connect()
	await.Nil(t, "etcd answers", func() error {
		_, err := s.store.Read(t.Context(), []string{cutover.Key("web")})
		return err
	})
	return s
}

func (s *site) connect() *etcd.Client {
	store, err := etcd.Open(etcd.Config{Endpoints: []string{s.url}}, slog.New(slog.DiscardHandler))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { store.Close() })
	return store
}

// put writes a key, whatever was there. It writes to the end also where the test
// has ended meanwhile, as a load balancer's acknowledgement may that nobody waits for.
func (s *site) put(key string, value []byte) {
	s.t.Helper()
	ctx := context.WithoutCancel(s.t.Context())
	found, err := s.store.Read(ctx, []string{key})
	if err == nil {
		swap := registry.Swap{Key: key, New: value}
		if found[0].Exists {
			swap.Old = found[0].Value
		}
		_, err = s.store.Swap(ctx, swap)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// active makes blue the active colour.
func (s *site) active() {
	s.put(cutover.Key("web"), cutover.JSON(cutover.First(cutover.Blue, time.Now())))
}

// instance announces one of a colour, which listens or does not.
func (s *site) instance(name, colour string, listens bool) {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	if listens {
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/up" {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})}
		go server.Serve(l)
		s.t.Cleanup(func() { server.Close() })
	} else {
		l.Close()
	}
	port := l.Addr().(*net.TCPAddr).Port
	s.put("/skydns/com/example/prod/s/web/"+name, cutover.JSON(skydns.Record{Host: "127.0.0.1", Port: port, Colour: colour, ID: "m/web/" + colour}))
}

// balancer registers a host as load balancer, and acknowledges what answer makes
// of each State until the test ends; "" for a State is no acknowledgement.
func (s *site) balancer(host string, answer func(cutover.State) cutover.Reached) (stop func()) {
	s.t.Helper()
	s.put(cutover.LoadBalancerKey(host), cutover.JSON(cutover.LoadBalancer{ID: "m-" + host, Services: []string{"web"}}))
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() {
		b := &balancer{site: s, host: host, store: s.store, answer: answer}
		s.store.Watch(ctx, cutover.Key("web"), b.on, func(error) {})
	})
	stop = sync.OnceFunc(func() {
		cancel()
		work.Wait()
		s.put(cutover.AckKey("web", host), nil)
	})
	s.t.Cleanup(func() { cancel(); work.Wait() })
	return stop
}

type balancer struct {
	*site
	host   string
	store  registry.Store
	book   *cutover.Book
	answer func(cutover.State) cutover.Reached
	last   string
}

func (b *balancer) on(batch registry.Batch) {
	if b.book == nil {
		b.book = cutover.NewBook()
	}
	b.book.Apply(cutover.Prefix, batch)
	v := b.book.View("web")
	if v.State == nil {
		return
	}
	a := cutover.Ack{ID: "m-" + b.host, Attempt: v.State.Attempt, Reached: b.answer(*v.State), Colour: v.State.Map()}
	if a.Reached == cutover.Failed {
		a.Reason = b.failed
	}
	value := cutover.JSON(a)
	if a.Reached == "" || string(value) == b.last {
		return
	}
	b.last = string(value)
	b.put(cutover.AckKey("web", b.host), value)
}

// obeys acknowledges each phase.
func obeys(s cutover.State) cutover.Reached {
	switch s.Phase {
	case cutover.Prepare:
		return cutover.Prepared
	case cutover.Canary:
		return cutover.InCanary
	case cutover.Flip:
		return cutover.Drained
	}
	return cutover.Serving
}

// until obeys, but for one phase.
func until(phase cutover.Phase, then cutover.Reached) func(cutover.State) cutover.Reached {
	return func(s cutover.State) cutover.Reached {
		if s.Phase == phase {
			return then
		}
		return obeys(s)
	}
}

func (s *site) lead(change func(*Request)) outcome {
	r := Request{Service: "web", To: cutover.Green, Who: "ada", Timeout: 2}
	if change != nil {
		change(&r)
	}
	return newLead(r, s.store, testHost, func(line string) { s.t.Log(line) }).run(s.t.Context(), false)
}

func (s *site) state() cutover.State {
	s.t.Helper()
	found, err := s.store.Read(s.t.Context(), []string{cutover.Key("web")})
	if err != nil {
		s.t.Fatal(err)
	}
	state, err := cutover.ParseState(found[0].Value)
	if err != nil {
		s.t.Fatal(err)
	}
	return state
}

func (s *site) wantSettled(active string) {
	s.t.Helper()
	if got := s.state(); got.Phase != cutover.Settled || got.Active != active {
		s.t.Errorf("state = %+v, want %s and settled", got, active)
	}
	if found, err := s.store.Read(s.t.Context(), []string{cutover.LockKey("web")}); err != nil || found[0].Exists {
		s.t.Errorf("the lock is still there: %s, %v", found[0].Value, err)
	}
}

func TestSwitch(t *testing.T) {
	for _, c := range []struct {
		claim   string
		set     func(*site)
		request func(*Request)
		active  string // of the state then; "": there is none
		refused string
		back    string
	}{
		{"gives the traffic to the other colour", func(s *site) { s.balancer("front-1", obeys); s.balancer("front-2", obeys) }, nil, cutover.Green, "", ""},
		{"by way of a canary share and a window", func(s *site) { s.balancer("front-1", obeys) }, func(r *Request) {
			r.Canary, r.CanaryFor, r.Rollback = 10, 1, cutover.Rollback{Checks: 1, Window: 1}
		}, cutover.Green, "", ""},
		{"polls by HTTP", func(s *site) { s.balancer("front-1", obeys) }, func(r *Request) { r.Path = "/up" }, cutover.Green, "", ""},
		{"an instance that answers with an error is named", func(s *site) { s.balancer("front-1", obeys) }, func(r *Request) { r.Path = "/down" }, cutover.Blue, "node-1-green (127.0.0.1:", ""},
		{"the same colour is no news", func(s *site) { s.balancer("front-1", obeys) }, func(r *Request) { r.To = cutover.Blue }, cutover.Blue, "", ""},
		{"an unknown service is named", func(s *site) {}, func(r *Request) { r.Service = "wbe" }, cutover.Blue, "service wbe: there is none of this name", ""},
		{"without a load balancer it is refused", func(s *site) {}, nil, cutover.Blue, "no load balancer is registered for web", ""},
		{"a load balancer that is down is named", func(s *site) {
			s.balancer("front-1", obeys)
			s.put(cutover.LoadBalancerKey("front-2"), cutover.JSON(cutover.LoadBalancer{ID: "m2", Services: []string{"web"}}))
		}, nil, cutover.Blue, "load balancer front-2 is down", ""},
		{"an instance that does not answer is named", func(s *site) { s.balancer("front-1", obeys); s.instance("node-2-green", cutover.Green, false) }, nil,
			cutover.Blue, "node-2-green (127.0.0.1:", ""},
		{"fewer that are well than wanted are refused", func(s *site) { s.balancer("front-1", obeys) },
			func(r *Request) { r.MinHealthy = 2 }, cutover.Blue, "green has 1 healthy instances, and 2 are wanted", ""},
		{"a colour without an instance is named", func(s *site) {
			s.balancer("front-1", obeys)
			s.put("/skydns/com/example/prod/s/web/node-1-green", nil)
		}, nil, cutover.Blue, "green has no instance: none has a record", ""},
		{"one that is well is enough if told so", func(s *site) { s.balancer("front-1", obeys); s.instance("node-2-green", cutover.Green, false) },
			func(r *Request) { r.MinHealthy = 1 }, cutover.Green, "", ""},
		{"a load balancer that cannot is named, and the others go back", func(s *site) {
			s.failed = "haproxy -c: unknown keyword"
			s.balancer("front-1", obeys)
			s.balancer("front-2", until(cutover.Prepare, cutover.Failed))
		}, nil, cutover.Blue, "", "load balancer front-2: haproxy -c: unknown keyword"},
		{"one that does not flip is named, and the others go back", func(s *site) {
			s.balancer("front-1", obeys)
			s.balancer("front-2", until(cutover.Flip, ""))
		}, nil, cutover.Blue, "", "load balancer front-2 has not acknowledged flipped (waited 2 s)"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			t.Parallel() // most of it is waiting
			s := newSite(t)
			s.active()
			s.instance("node-1-blue", cutover.Blue, true)
			s.instance("node-1-green", cutover.Green, true)
			c.set(s)
			o := s.lead(c.request)
			if o.Unknown != "" || !strings.Contains(o.Refused, c.refused) || (o.Refused == "") != (c.refused == "") || !strings.Contains(o.Back, c.back) || (o.Back == "") != (c.back == "") {
				t.Errorf("outcome = %+v, want refused %q, back %q", o, c.refused, c.back)
			}
			if o.Changed != (c.active == cutover.Green) {
				t.Errorf("changed = %v", o.Changed)
			}
			s.wantSettled(c.active)
			entries, faults, err := history(t.Context(), s.store, "web")
			if err != nil || len(faults) > 0 {
				t.Fatal(err, faults)
			}
			if tried := o.Changed || o.Back != ""; tried != (len(entries) == 1) || tried && (entries[0].Back != o.Back || entries[0].Who != "ada") {
				t.Errorf("history = %+v", entries)
			}
		})
	}
}

// Check mode says what would be done, or why it could not be, and writes nothing.
func TestSwitch_in_check_mode(t *testing.T) {
	s := newSite(t)
	s.active()
	s.instance("node-1-blue", cutover.Blue, true)
	s.instance("node-1-green", cutover.Green, true)
	s.balancer("front-1", obeys)
	check := func(change func(*Request)) outcome {
		t.Helper()
		before := s.state()
		r := Request{Service: "web", To: cutover.Green, Who: "ada", Timeout: 2, Drain: 30}
		change(&r)
		o := newLead(r, s.store, testHost, func(line string) { t.Log(line) }).run(t.Context(), true)
		s.wantSettled(cutover.Blue)
		entries, _, err := history(t.Context(), s.store, "web")
		if now := s.state(); err != nil || len(entries) > 0 || !bytes.Equal(cutover.JSON(now), cutover.JSON(before)) {
			t.Errorf("after a check the state is %+v, the history %+v, %v", now, entries, err)
		}
		return o
	}
	o := check(func(r *Request) { r.Canary, r.CanaryFor, r.Rollback = 10, 20, cutover.Rollback{Checks: 1, Window: 40} })
	want := []string{"prepare green on front-1", "send 10 % of new sessions to green for 20 s", "send all to green, on each of them", "look at errors for 40 s", "let sessions on blue end, for 30 s at the most"}
	if !o.Changed || o.Refused != "" || !slices.Equal(o.Plan, want) {
		t.Errorf("check = %+v, want the plan %q", o, want)
	}
	if o := check(func(r *Request) { r.To = cutover.Blue }); o.Changed || o.Refused != "" {
		t.Errorf("check of the colour that has the traffic = %+v", o)
	}
	s.put(cutover.LoadBalancerKey("front-2"), cutover.JSON(cutover.LoadBalancer{ID: "m2", Services: []string{"web"}}))
	if o := check(func(*Request) {}); o.Changed || !strings.Contains(o.Refused, "load balancer front-2 is down") {
		t.Errorf("check with a load balancer that is down = %+v", o)
	}
}

func TestSwitch_goes_back_when_told_to_stop(t *testing.T) {
	s := newSite(t)
	s.active()
	s.instance("node-1-green", cutover.Green, true)
	s.balancer("front-1", obeys)
	s.balancer("front-2", until(cutover.Flip, cutover.Prepared))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan outcome, 1)
	go func() {
		ended <- newLead(Request{Service: "web", To: cutover.Green, Who: "ada", Timeout: 60}, s.store, testHost, func(string) {}).run(ctx, false)
	}()
	await.True(t, "it is half-way", func() bool { return s.state().Phase == cutover.Flip })
	t.Run("a second one is refused, and told of the first", func(t *testing.T) {
		o := s.lead(func(r *Request) { r.Who = "grace" })
		if want := "a switch of web to green is under way: ada began it on front-1"; !strings.Contains(o.Refused, want) {
			t.Errorf("outcome = %+v, want refused %s", o, want)
		}
	})
	cancel()
	if o := <-ended; !strings.Contains(o.Back, "rundockd switch of ada was told to stop") {
		t.Errorf("outcome = %+v", o)
	}
	s.wantSettled(cutover.Blue)
}

// TestSwitch_after_a_killed_one kills the process that leads, at each phase.
func TestSwitch_after_a_killed_one(t *testing.T) {
	for _, c := range []struct {
		claim, active string
		phase         cutover.Phase
		stops         cutover.Reached // what front-2 reaches in it
	}{
		{"before the flip it is as it was", cutover.Blue, cutover.Prepare, cutover.Serving},
		{"half flipped it is as it was", cutover.Blue, cutover.Flip, cutover.Prepared},
		{"flipped everywhere it is as wanted", cutover.Green, cutover.Flip, cutover.Flipped},
	} {
		t.Run(c.claim, func(t *testing.T) {
			t.Parallel() // most of it is waiting
			s := newSite(t)
			s.active()
			s.instance("node-1-blue", cutover.Blue, true)
			s.instance("node-1-green", cutover.Green, true)
			s.balancer("front-1", obeys)
			s.balancer("front-2", until(c.phase, c.stops))
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), leadFrom+"="+s.url)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			await.True(t, "front-2 stops there", func() bool {
				found, err := s.store.Read(t.Context(), []string{cutover.AckKey("web", "front-2")})
				if err != nil || !found[0].Exists {
					return false
				}
				a, err := cutover.ParseAck(found[0].Value)
				return err == nil && s.state().Phase == c.phase && a.Attempt == s.state().Attempt && a.Reached == c.stops
			})
			cmd.Process.Kill()
			cmd.Wait()
			await.True(t, "its lock ends", func() bool {
				found, err := s.store.Read(t.Context(), []string{cutover.LockKey("web")})
				return err == nil && !found[0].Exists
			})
			// The next call, whichever it is, first brings it to its end.
			o := s.lead(func(r *Request) { r.To, r.Who = c.active, "next" })
			if o.Unknown != "" || o.Refused != "" || o.Active != c.active {
				t.Errorf("outcome = %+v", o)
			}
			s.wantSettled(c.active)
			entries, _, err := history(t.Context(), s.store, "web")
			if err != nil || len(entries) != 1 || entries[0].Who != "killed" || (entries[0].Back == "") != (c.active == cutover.Green) {
				t.Errorf("history = %+v, %v", entries, err)
			}
		})
	}
}

func TestShow(t *testing.T) {
	s := newSite(t)
	s.active()
	s.instance("node-1-blue", cutover.Blue, true)
	s.balancer("front-1", obeys)
	s.put(cutover.LoadBalancerKey("front-2"), cutover.JSON(cutover.LoadBalancer{ID: "m2", Services: []string{"web"}}))
	k := newKnown("web", testHost.Zone())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { k.follow(ctx, s.store); close(done) }()
	defer func() { cancel(); <-done }()
	var text string
	await.True(t, "front-1 has acknowledged", func() bool {
		v, found := k.view()
		text = told(v, found, time.Now())
		return strings.Contains(text, "serving")
	})
	lines := strings.Split(strings.TrimSpace(text), "\n")
	want := []string{"web: blue has the traffic, for ", "LOAD BALANCER ", "front-1 ", "front-2        down "}
	if !slices.EqualFunc(lines, want, strings.HasPrefix) {
		t.Errorf("told = %q, want lines that begin %q", lines, want)
	}
}

func TestForget(t *testing.T) {
	s := newSite(t)
	s.active()
	s.instance("node-1-blue", cutover.Blue, true)
	stop := s.balancer("front-1", obeys)
	await.True(t, "front-1 acknowledges", func() bool {
		found, err := s.store.Read(t.Context(), []string{cutover.AckKey("web", "front-1")})
		return err == nil && found[0].Exists
	})
	refused := func(service, balancer, want string) {
		t.Helper()
		if did, err := forget(t.Context(), s.store, testHost, service, balancer); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("forget = %q, %v, want %s", did, err, want)
		}
	}
	refused("web", "", "web has instances of a colour, such as node-1-blue")
	refused("web", "front-1", "load balancer front-1 is not down")
	refused("web", "front-2", "front-2 is no load balancer of web, those are: front-1")
	refused("wbe", "", "service wbe has no colour")

	stop()
	s.put("/skydns/com/example/prod/s/web/node-1-blue", nil)
	s.put(cutover.HistoryKey("web", time.Now()), cutover.JSON(cutover.Entry{Attempt: "a1", From: cutover.Green, To: cutover.Blue}))
	for _, balancer := range []string{"front-1", ""} {
		if _, err := forget(t.Context(), s.store, testHost, "web", balancer); err != nil {
			t.Error(err)
		}
	}
	for _, prefix := range []string{cutover.Prefix, cutover.LoadBalancersPrefix} {
		if left, _, err := s.store.List(t.Context(), prefix); err != nil || len(left) > 0 {
			t.Errorf("left = %v, %v", left, err)
		}
	}
}
