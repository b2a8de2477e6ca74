package runner

import (
	"syscall"
	"testing"
	"time"

	waiting "rundock/internal/await"
	"rundock/internal/container/dockertest"
	"rundock/internal/control"
	"rundock/internal/registry"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/stack/slotlock"
	"rundock/supervisor"
	"rundock/supervisor/process"
)

// gone reports whether the process ends within d.
func gone(pid int, d time.Duration) bool {
	for end := time.Now().Add(d); time.Now().Before(end); {
		if syscall.Kill(pid, 0) != nil {
			return true
		}
		time.Sleep(10 * time.Millisecond) // internal/await would wait for minutes longer than it may take
	}
	return false
}

func TestRunner_that_is_told_to_stop_and_has_a_lock(t *testing.T) {
	hang, goOn := dockertest.StartHere(t)
	b, e := benchOf(t), etcdtest.Start(t, "embedded", nil)

	t.Run("kills the container that a dockerd which hangs does not stop", func(t *testing.T) {
		one := b.of(t).half(e, "one", supervisor.Main).start()
		one.says("the slot runs", control.Running, "")
		pid := one.state("").PID
		hang()
		defer goOn()
		one.stop(process.ErrStop)
		if !gone(pid, 5*time.Second) {
			t.Error("the runner has left, and the container runs")
		}
		if keys, err := e.Keys(t.Context(), slotlock.Prefix); err != nil || len(keys) != 1 {
			t.Errorf("the store has %v (%v), want the lock of a container that dockerd does not say is stopped", keys, err)
		}
	})

	t.Run("does not leave a container that it cannot kill", func(t *testing.T) {
		two := b.of(t).half(e, "two", supervisor.Main)
		r := two.holding()
		r.status.First = control.Process{} // as of a container that was never adopted
		hang()
		left := make(chan int)
		go func() { left <- r.stop() }()
		select {
		case code := <-left:
			goOn()
			t.Fatalf("it has left with %d, and the container is %+v", code, two.state(""))
		case <-time.After(r.stopPatience() + 3*time.Second):
		}
		goOn()
		if code := <-left; code != 0 || two.state("").Exists {
			t.Errorf("once dockerd is back it ends with %d, and the container is %+v", code, two.state(""))
		}
	})
}

func TestRunner_that_takes_over_while_dockerd_hangs_stops_the_container_with_the_lock(t *testing.T) {
	hang, goOn := dockertest.StartHere(t)
	b, e := benchOf(t), etcdtest.Start(t, "embedded", nil)
	one := b.half(e, "one", supervisor.Main).start()
	one.says("the slot runs", control.Running, "")
	pid := one.state("").PID
	hang()
	defer goOn()
	for range 2 { // the one after that knows it as well
		one.stop(registry.ErrHandOver)
		one.start()
		waiting.True(t, "the successor has the lock", one.runner.lock.held)
	}
	e.Freeze()
	defer e.Thaw()
	if !gone(pid, one.runner.lock.guard.Lock.TTL+10*time.Second) {
		t.Error("the lock is over, and the container runs")
	}
}
