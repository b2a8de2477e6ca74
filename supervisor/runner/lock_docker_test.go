package runner

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	waiting "rundock/internal/await"
	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/stack"
	"rundock/supervisor"
	"rundock/supervisor/process"
)

// stopIn in the environment has this program be `rundockd stop` of a folder.
const stopIn = "RUNDOCK_TEST_STOP_IN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(stopIn); dir != "" {
		os.Exit(StopMain([]string{dir}))
	}
	etcdtest.Main(m)
}

// A half is one host of two that have a slot. They have one dockerd, in which their
// containers have names of their own.
type half struct {
	*bench
	service supervisor.Service
	etcd    *etcdtest.Server
	stop    func(cause error)
	runner  *runner
}

func (b *bench) half(e *etcdtest.Server, host, role string) *half {
	own := *b
	own.name, own.dir = b.name+"-"+host, b.TempDir()
	b.Cleanup(func() { os.RemoveAll(filepath.Join(control.Dir, own.name)) })
	h := &half{bench: &own, etcd: e, service: own.service("1", runs)}
	h.service.StartFirst, h.service.StopTimeout = 0, 2
	h.service.Stack, h.service.Slot, h.service.Role = "shop", stack.Slot{Service: "db", Number: 1}, role
	return h
}

// lock is the host's, in a store of its own.
func (h *half) lock() (l *lock, closeStore func()) {
	h.Helper()
	quiet := slog.New(slog.DiscardHandler)
	store, err := etcd.Open(etcd.Config{Endpoints: []string{h.etcd.URL}}, quiet)
	if err != nil {
		h.Fatal(err)
	}
	l, err = newLock(h.service, hostconfig.Config{Host: strings.TrimPrefix(h.name, fmt.Sprintf("runner-test-%d-", os.Getpid()))}, store, quiet)
	if err != nil {
		h.Fatal(err)
	}
	if l.guard.Lock.Margin != (2+15)*time.Second {
		h.Errorf("margin = %s, want the stop timeout and 15 s", l.guard.Lock.Margin)
	}
	l.guard.Lock.Margin, l.guard.Lock.TTL, l.guard.Lock.Free = 12*time.Second, 22*time.Second, 3*time.Second
	return l, func() { store.Close() }
}

// start has a runner run, as after a boot of the host or a restart of the runner.
func (h *half) start() *half {
	h.Helper()
	lock, closeStore := h.lock()
	var stop func(error)
	h.runner, stop = h.run(h.service, func(r *runner) { r.lock = lock })
	h.stop = func(cause error) {
		stop(cause)
		closeStore()
	}
	h.Cleanup(func() { h.stop(process.ErrStop) })
	return h
}

// says awaits that the runner says so, and that its container runs or is not there.
func (h *half) says(what string, phase control.Phase, why string) {
	h.Helper()
	waiting.Empty(h.T, what, func() string {
		s, err := control.ReadRunner(control.Dir, h.name)
		if c := h.state(""); err != nil || s.Phase != phase || !strings.Contains(s.Error, why) || c.Running != (phase == control.Running) || c.Unreachable != nil {
			return fmt.Sprintf("%s says %s: %q (%v), and its container: %v", h.name, s.Phase, s.Error, err, c)
		}
		return ""
	})
}

func TestRunner_runs_a_slot_where_its_lock_is(t *testing.T) {
	b, e := newBench(t), etcdtest.Start(t, "embedded", nil)
	one, two := b.half(e, "one", supervisor.Main).start(), b.half(e, "two", supervisor.Standby)
	one.says("the slot runs on its own host", control.Running, "")
	two.start().says("the other one is a standby", control.Standby, "it runs on one")

	id := one.state("").ID
	one.stop(registry.ErrHandOver)
	one.start().says("a successor goes on with the container", control.Running, "")
	if now := one.state("").ID; now != id {
		t.Errorf("it has another container, %s", now)
	}

	one.stop(process.ErrStop)
	two.says("the standby takes over", control.Running, "")
	one.start().says("who returns waits", control.Standby, "it runs on two")

	// The runner is gone for longer than its lock lasts, and its container is not.
	two.stop(registry.ErrHandOver)
	one.says("the first one has the slot again", control.Running, "")
	if s := two.state(""); !s.Running {
		t.Fatalf("nobody has stopped the container that nobody guards, but it is %v", s)
	}
	two.start().says("its next runner stops it", control.Standby, "it runs on one")
	if s := two.state(""); s.Exists {
		t.Errorf("a standby has a container: %v", s)
	}
}

func TestRunner_that_cannot_renew_the_lock_stops_the_container(t *testing.T) {
	b, e := newBench(t), etcdtest.Start(t, "embedded", nil)
	one := b.half(e, "one", supervisor.Main).start()
	one.says("the slot runs", control.Running, "")
	e.Freeze()
	one.says("without a store it does not", control.Waiting, "")
	if s, err := control.ReadRunner(control.Dir, one.name); err != nil || s.Container != "" || !s.Started.IsZero() {
		t.Errorf("of a container that there is not it says that %q was started at %s (%v)", s.Container, s.Started, err)
	}
	e.Thaw()
	one.says("once the store is back it does", control.Running, "")
}

// What dockerd has not stopped in time the kernel ends.
func TestLock_oversees_the_first_process(t *testing.T) {
	e := etcdtest.Start(t, "embedded", nil)
	store, err := etcd.Open(etcd.Config{Endpoints: []string{e.URL}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	l, err := newLock(supervisor.Service{Name: "shop-db-1", Stack: "shop", Slot: stack.Slot{Service: "db", Number: 1}, Role: supervisor.Main}, hostconfig.Config{Host: "one"}, store, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	l.grace = time.Millisecond
	runs := func() (*exec.Cmd, container.State) {
		cmd := exec.Command("sleep", "1000")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill() })
		return cmd, container.State{Exists: true, Running: true, PID: cmd.Process.Pid, ID: "::"} // which each cgroup's line has
	}
	if !l.take(t.Context()) {
		t.Fatal("the lock is not held")
	}
	stays, state := runs()
	l.oversee(state)
	l.calm()
	killed, state := runs()
	l.oversee(state)
	l.guard.Give() // as when it is lost
	if err := killed.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("it ended with %v, want that it was killed", err)
	}
	if err := stays.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("one that is overseen no longer: %v", err)
	}
}
