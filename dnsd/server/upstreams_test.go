package server

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"rundock/dnsd/forward"
	"rundock/internal/await"

	"github.com/miekg/dns"
)

// watching counts what a forwarder does.
type watching struct {
	attempts sync.Map // upstream to *atomic.Int32
	merged   atomic.Int32
	down     sync.Map // upstream to bool
	stale    atomic.Int32
}

func (w *watching) Asked(upstream string, _ bool) {
	n, _ := w.attempts.LoadOrStore(upstream, new(atomic.Int32))
	n.(*atomic.Int32).Add(1)
}
func (w *watching) Turned(upstream string, down error) { w.down.Store(upstream, down != nil) }
func (w *watching) Merged()                            { w.merged.Add(1) }
func (w *watching) Found(source string) {
	if source == forward.Stale {
		w.stale.Add(1)
	}
}

func (w *watching) isDown(upstream netip.AddrPort) bool {
	down, ok := w.down.Load(upstream.String())
	return ok && down.(bool)
}

func (w *watching) asked(upstream netip.AddrPort) int32 {
	if n, ok := w.attempts.Load(upstream.String()); ok {
		return n.(*atomic.Int32).Load()
	}
	return 0
}

// A knot is a real resolver's stand-in: Knot, which has example.net with one
// address for www.
type knot struct {
	t       *testing.T
	at      netip.AddrPort
	config  string
	process *exec.Cmd
}

func startKnot(t *testing.T, www string) *knot {
	t.Helper()
	if _, err := exec.LookPath("knotd"); errors.Is(err, exec.ErrNotFound) {
		t.Skip("knotd is not installed (make test installs it)")
	}
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	zone := file("zone", fmt.Sprintf("@ 60 IN SOA ns h 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.53\nwww 60 IN A %s\n", www))
	k := &knot{t: t, at: own()}
	k.config = file("knot.conf", fmt.Sprintf(`
server:
    rundir: %q
    listen: %s@%d
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: %q
zone:
  - domain: example.net
    file: %q
    journal-content: none
    zonefile-sync: -1
`, dir, k.at.Addr(), k.at.Port(), dir, zone))
	k.start()
	t.Cleanup(k.kill)
	return k
}

var owned atomic.Uint32

// own is an address that nobody else has: of this process, one for each call.
func own() netip.AddrPort {
	pid := os.Getpid()
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, byte(1 + pid/250%250), byte(pid % 250), byte(owned.Add(1))}), 5300)
}

// start waits until it answers.
func (k *knot) start() {
	k.t.Helper()
	k.process = exec.Command("knotd", "-c", k.config)
	if err := k.process.Start(); err != nil {
		k.t.Fatal(err)
	}
	c := dns.Client{Timeout: 200 * time.Millisecond}
	await.True(k.t, "knotd answers", func() bool {
		reply, _, err := c.Exchange(question("www.example.net.", dns.TypeA), k.at.String())
		return err == nil && len(reply.Answer) == 1
	})
}

func (k *knot) kill() {
	k.signal(syscall.SIGKILL)
	k.process.Wait()
}

func (k *knot) signal(s syscall.Signal) {
	if err := k.process.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		k.t.Error(err)
	}
}

// stopped waits for SIGSTOP to have stopped it.
func (k *knot) stopped() {
	k.t.Helper()
	k.signal(syscall.SIGSTOP)
	await.True(k.t, "knotd is stopped", func() bool {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", k.process.Process.Pid))
		for _, task := range tasks {
			stat, err := os.ReadFile(task)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				k.t.Fatal(err)
			}
			if _, state, _ := strings.Cut(string(stat), ") "); !strings.HasPrefix(state, "T") {
				return false
			}
		}
		return len(tasks) > 0
	})
}

// TestUpstreamsThatFailRest stops, kills and restarts real servers.
func TestUpstreamsThatFailRest(t *testing.T) {
	t.Parallel()
	first, second := startKnot(t, "192.0.2.1"), startKnot(t, "192.0.2.2")
	h, w := handler(t, nil), new(watching)
	forwarding(h, first.at, second.at)
	h.Forwarder.Watch = w
	server := serve(t, h)
	www := func() string {
		reply := ask(t, "udp", server, question("www.example.net.", dns.TypeA))
		if len(reply.Answer) != 1 {
			return dns.RcodeToString[reply.Rcode]
		}
		return reply.Answer[0].(*dns.A).A.String()
	}
	const one, two = "192.0.2.1", "192.0.2.2"
	if got := www(); got != one {
		t.Errorf("with both there the answer is %s, want the first one's", got)
	}

	first.stopped()
	await.True(t, "with the first stopped the answer is the second one's", func() bool { return www() == two })
	before := w.asked(first.at)
	for range 20 {
		if got := www(); got != two {
			t.Errorf("with the first resting the answer is %s", got)
		}
	}
	if n := w.asked(first.at); n != before {
		t.Errorf("while it rests the first is asked %d times for answers", n-before)
	}
	await.True(t, "the first is called down", func() bool { return w.isDown(first.at) })
	first.signal(syscall.SIGCONT)
	await.True(t, "the first is found up, and preferred again", func() bool { return !w.isDown(first.at) && www() == one })

	first.kill()
	second.kill()
	if got := www(); got != "SERVFAIL" {
		t.Errorf("with both killed the answer is %s", got)
	}
	await.True(t, "both are called down", func() bool { www(); return w.isDown(first.at) && w.isDown(second.at) })
	second.start()
	if got := www(); got != two {
		t.Errorf("with all of them down the second, which is back, is not asked: %s", got)
	}
	if w.isDown(second.at) {
		t.Error("one that answers is still called down")
	}
	first.start()
	await.True(t, "the first is back as well", func() bool { return www() == one })
}

// One that has no answers, though it lives, is asked less and less often while
// another one has them.
func TestAnUpstreamThatKnowsLessThanAnotherRests(t *testing.T) {
	t.Parallel()
	var failing atomic.Bool
	failing.Store(true)
	www := saying("www.example.net. 60 IN A 192.0.2.1")
	bad := upstream(t, func(w dns.ResponseWriter, m *dns.Msg) {
		switch {
		case m.Question[0].Name == ".": // the question whether it lives
			refusing(dns.RcodeRefused)(w, m)
		case failing.Load() || m.Question[0].Name == "nowhere.example.net.":
			refusing(dns.RcodeServerFailure)(w, m)
		default:
			www(w, m)
		}
	})
	good := upstream(t, func(w dns.ResponseWriter, m *dns.Msg) {
		if m.Question[0].Name == "nowhere.example.net." {
			refusing(dns.RcodeServerFailure)(w, m)
			return
		}
		www(w, m)
	})
	h, w := handler(t, nil), new(watching)
	forwarding(h, bad, good)
	h.Forwarder.Watch = w
	server := serve(t, h)
	asked := func(name string) int { return len(ask(t, "udp", server, question(name, dns.TypeA)).Answer) }
	await.True(t, "the one without answers is called down", func() bool {
		if asked("www.example.net.") != 1 {
			t.Fatal("the other one has answers")
		}
		return w.isDown(bad)
	})
	failing.Store(false)
	await.True(t, "it is up once it has them", func() bool { asked("www.example.net."); return !w.isDown(bad) })

	failing.Store(false)
	before := w.asked(good)
	for range 10 {
		asked("nowhere.example.net.")
	}
	if n := w.asked(good) - before; n != 10 || w.isDown(bad) || w.isDown(good) {
		t.Errorf("for a name that all fail at the second is asked %d times of 10, down: %v, %v", n, w.isDown(bad), w.isDown(good))
	}
	if before := w.asked(bad); asked("www.example.net.") != 1 || w.asked(bad) != before+1 {
		t.Error("failing at what all fail at makes one rest")
	}
}

// TestQuestionsUnderWayAreMerged has clients ask the same, each in its way,
// while the upstream thinks.
func TestQuestionsUnderWayAreMerged(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	think := make(chan struct{})
	var many []string
	for i := range 60 {
		many = append(many, fmt.Sprintf("www.example.net. 60 IN A 192.0.2.%d", i+1))
	}
	h, w := handler(t, nil), new(watching)
	forwarding(h, upstream(t, func(rw dns.ResponseWriter, m *dns.Msg) {
		asked.Add(1)
		<-think
		saying(many...)(rw, m)
	}))
	h.Forwarder.Watch = w
	server := serve(t, h)
	type client struct {
		network, name string
		edns          uint16
	}
	clients := []client{
		{"udp", "www.example.net.", 0}, {"udp", "WWW.example.net.", 0}, {"udp", "wWw.ExAmPlE.nEt.", 1232},
		{"tcp", "www.EXAMPLE.net.", 0}, {"tcp", "www.example.NET.", 4096}, {"udp", "www.example.net.", 1232},
	}
	replies, errs := make([]*dns.Msg, len(clients)), make([]error, len(clients))
	var all sync.WaitGroup
	for i, c := range clients {
		all.Go(func() {
			m := question(c.name, dns.TypeA)
			if c.edns > 0 {
				m.SetEdns0(c.edns, false)
			}
			replies[i], _, errs[i] = (&dns.Client{Net: c.network, Timeout: 60 * time.Second}).Exchange(m, server)
		})
	}
	await.True(t, "all wait for the one that is under way", func() bool { return int(w.merged.Load()) == len(clients)-1 })
	close(think)
	all.Wait()
	if n := asked.Load(); n > 2 { // twice if all of this takes longer than it has to reply
		t.Errorf("the upstream is asked %d times", n)
	}
	for i, c := range clients {
		reply, cut := replies[i], c.network == "udp" && c.edns == 0
		switch {
		case errs[i] != nil: // the library compares id and question
			t.Errorf("%v: %v", c, errs[i])
		case reply.Question[0].Name != c.name || reply.Answer[0].Header().Name != c.name:
			t.Errorf("%v: the reply says %s, %s", c, reply.Question[0].Name, reply.Answer[0].Header().Name)
		case reply.Truncated != cut || (len(reply.Answer) == 60) == cut:
			t.Errorf("%v: TC %v with %d answers", c, reply.Truncated, len(reply.Answer))
		case (reply.IsEdns0() != nil) != (c.edns > 0):
			t.Errorf("%v: OPT is %v", c, reply.IsEdns0())
		}
	}
}

// A reply that is past its time is the answer while no upstream has one, at
// once where they are known to be down, and no longer.
func TestAStaleAnswerIsRefreshed(t *testing.T) {
	t.Parallel()
	var silent atomic.Bool
	at := upstream(t, func(w dns.ResponseWriter, m *dns.Msg) {
		if !silent.Load() {
			saying("www.example.net. 1 IN A 192.0.2.1")(w, m)
		}
	})
	h, w := handler(t, nil), new(watching)
	forwarding(h, at)
	h.Forwarder.Watch, h.Forwarder.CacheSize = w, 10
	server := serve(t, h)
	www := func() uint32 {
		t.Helper()
		reply := ask(t, "udp", server, question("www.example.net.", dns.TypeA))
		if len(reply.Answer) != 1 {
			t.Fatalf("reply is %v", reply)
		}
		return reply.Answer[0].Header().Ttl
	}
	www()
	silent.Store(true)
	const stale = 30
	await.True(t, "the reply is past its time", func() bool { return www() == stale })
	await.True(t, "the upstream is called down", func() bool { return www() == stale && w.isDown(at) })
	for range 20 {
		if ttl := www(); ttl != stale {
			t.Errorf("with the upstream down the TTL is %d", ttl)
		}
	}
	silent.Store(false)
	await.True(t, "a new reply is fetched", func() bool { return www() != stale })
	if w.isDown(at) {
		t.Error("one that answers is still called down")
	}
}
