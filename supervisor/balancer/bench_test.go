package balancer

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/cutover"
	"rundock/internal/pause"
	"rundock/internal/registry"
	"rundock/supervisor/switching"
)

// The benchmark of switches runs small among the tests, and in earnest by make
// bench-switch. What is measured in one run has the same clients, the same
// instances and two HAProxys on every side. It asserts no times, and of ours that
// no request fails.

// benching says whether figures are wanted.
func benching() bool { return os.Getenv("RUNDOCK_BENCH") == "1" }

const (
	late     = 2 * time.Second // an instance begins to listen after its start
	perStart = 5               // switches for each instance that is started: the colours stay warm
	kept     = 16              // clients of kept connections, in earnest
	fresh    = 4               // and of a new one for each request
)

func TestBenchSwitch(t *testing.T) {
	flips, naive, out := perStart, 1, 2
	if benching() {
		flips, naive, out = 1000, 20, 30
		if text := os.Getenv("FLIPS"); text != "" {
			var err error
			if flips, err = strconv.Atoi(text); err != nil {
				t.Fatalf("FLIPS: %v", err)
			}
		}
	}
	ours := newField(t, 2)
	a := ours.benchFlips(flips)
	ours.benchOutOfRotation(out)
	peers := []side{benchReload(t, naive), benchSetAddr(t, naive)}
	a.print()
	for _, p := range peers {
		p.print()
		p.versus(a)
	}
	figure("load average at the end: %s", loadAverage())
}

// side is one way to switch, measured.
type side struct {
	name   string
	warm   []time.Duration // from the call to the new instance having all requests on both; where it listens before
	cold   []time.Duration // from its beginning to listen, where that is after the call
	blind  int             // flips that were said to be done before the new instance listened
	sent   int64
	failed int
}

func (s side) flips() int { return len(s.warm) + len(s.cold) + s.blind }

func (s side) print() {
	figure("%s: %d flips under load, %d of %d requests failed", s.name, s.flips(), s.failed, s.sent)
	spread(s.name+": call -> on both, of a colour that is up", s.warm)
	spread(s.name+": listening -> on both, of an instance that listens 2 s late", s.cold)
}

// versus gives a peer's failures and time as ratios.
func (s side) versus(ours side) {
	figure("%s : rundock: failed requests a flip %.2f : %.2f", s.name, float64(s.failed)/float64(s.flips()), float64(ours.failed)/float64(ours.flips()))
	if s.blind > 0 {
		figure("%s: %d of %d flips were said to be done before the instance listened", s.name, s.blind, s.flips())
		return
	}
	figure("%s : rundock: listening -> on both, medians: ratio %.2f", s.name, float64(median(s.cold))/float64(median(ours.cold)))
}

// benchFlips switches under load so many times, by what rundockd switch runs.
func (f *field) benchFlips(flips int) side {
	t := f.t
	got := side{name: "rundock"}
	old := f.app("blue-0", 0)
	f.announce("node-1-blue", cutover.Blue, old.at)
	f.first()
	seen := f.watchAcks()
	load := f.load(kept, fresh)
	for colour := cutover.Blue; got.flips() < flips; {
		colour = cutover.Other(colour)
		next := f.app(fmt.Sprintf("%s-%d", colour, got.flips()), late)
		f.announce("node-1-"+colour, colour, next.at)
		to := colour
		for n := range perStart {
			called := time.Now()
			o := switching.Switch(t.Context(), f.store, f.host("front-1"), switching.Request{Service: "shop", To: to, Who: "bench", Drain: 30, Timeout: 60}, func(string) {})
			if o.Active != to || !o.Changed {
				t.Fatalf("flip %d: the outcome is %+v", got.flips()+1, o)
			}
			at := seen.flipped(o.Attempt)
			if n == 0 {
				got.cold = append(got.cold, at.Sub(next.listens))
			} else {
				got.warm = append(got.warm, at.Sub(called))
			}
			to = cutover.Other(to)
		}
		old.stop()
		f.withdraw("node-1-" + cutover.Other(colour))
		old = next
	}
	got.sent, got.failed = load.end(t)
	old.stop()
	f.withdraw("node-1-" + f.view().State.Active)
	return got
}

// acksSeen is when both load balancers were seen to have acknowledged a flip, as
// whoever watches the store sees it.
type acksSeen struct {
	field *field
	mu    sync.Mutex
	book  *cutover.Book
	at    map[string]time.Time // by attempt
}

func (f *field) watchAcks() *acksSeen {
	s := &acksSeen{field: f, book: cutover.NewBook(), at: map[string]time.Time{}}
	for _, prefix := range []string{cutover.Prefix, cutover.LoadBalancersPrefix} {
		go f.store.Watch(f.t.Context(), prefix, func(b registry.Batch) { s.apply(prefix, b) }, func(error) {})
	}
	return s
}

func (s *acksSeen) apply(prefix string, b registry.Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.book.Apply(prefix, b)
	v := s.book.View("shop")
	if v.State == nil || len(v.LoadBalancers) < 2 {
		return
	}
	for _, host := range v.LoadBalancers {
		// What comes after a flip tells of it, too, where both come in one batch.
		if a := v.Acks[host]; a.Attempt != v.State.Attempt || a.Colour != v.State.To || !slices.Contains([]cutover.Reached{cutover.Flipped, cutover.Drained, cutover.Serving}, a.Reached) {
			return
		}
	}
	if _, known := s.at[v.State.Attempt]; !known {
		s.at[v.State.Attempt] = time.Now()
	}
}

func (s *acksSeen) flipped(attempt string) (at time.Time) {
	await.True(s.field.t, "attempt "+attempt+" was seen to be acknowledged by both", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		at = s.at[attempt]
		return !at.IsZero()
	})
	return at
}

// benchOutOfRotation measures how long HAProxys go on giving requests to an
// instance whose record has gone: the load balancer's part of what comes after a
// crash.
func (f *field) benchOutOfRotation(times int) {
	stays, goes := f.app("blue-stays", 0), f.app("blue-goes", 0)
	f.announce("node-1-blue", cutover.Blue, stays.at)
	f.put(cutover.Key("shop"), cutover.JSON(cutover.First(cutover.Blue, time.Now())))
	var took []time.Duration
	for range times {
		f.announce("node-2-blue", cutover.Blue, goes.at)
		for _, m := range f.balancers {
			await.True(f.t, "both instances are up on "+m.name, func() bool { return m.up("shop-blue") == 2 })
		}
		pause.For(f.t.Context(), time.Second) // until all is at rest
		began := time.Now()
		f.withdraw("node-2-blue")
		for pending := slices.Clone(f.balancers); len(pending) > 0; {
			pending = slices.DeleteFunc(pending, func(m *member) bool { return m.up("shop-blue") == 1 })
		}
		took = append(took, time.Since(began))
	}
	spread("record withdrawn -> out of rotation on both", took)
}

// up is the number of servers that HAProxy gives requests to.
func (m *member) up(backend string) int {
	all, err := m.Socket().Backends()
	if err != nil {
		m.T.Fatal(err)
	}
	return all[backend].Up()
}

func figure(format string, args ...any) { fmt.Printf("measured: "+format+"\n", args...) }

// spread prints how what was measured spreads.
func spread(what string, took []time.Duration) {
	if len(took) == 0 {
		return
	}
	took = slices.Sorted(slices.Values(took))
	at := func(percent int) time.Duration {
		return took[(len(took)-1)*percent/100].Round(time.Millisecond / 10)
	}
	figure("%s: median %s, 90th percentile %s, worst %s of %d", what, at(50), at(90), at(100), len(took))
}

func median(of []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[(len(sorted)-1)/2]
}

func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}
