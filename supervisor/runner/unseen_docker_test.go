package runner

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	waiting "rundock/internal/await"
	"rundock/internal/container/dockertest"
	"rundock/internal/control"
	"rundock/internal/registry"
	"rundock/internal/registry/etcdtest"
	"rundock/supervisor"
)

// shim is the process by which containerd has the container id.
func (b *bench) shim(id string) *os.Process {
	b.Helper()
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range all {
		words, _ := os.ReadFile(file)
		if !strings.Contains(string(words), "-id\x00"+id+"\x00") {
			continue
		}
		pid := 0
		fmt.Sscanf(file, "/proc/%d/", &pid)
		p, err := os.FindProcess(pid)
		if err != nil {
			b.Fatal(err)
		}
		return p
	}
	b.Fatalf("no shim has container %s", id)
	return nil
}

// hide has dockerd not tell of the container id, while it answers all else, until
// show: it waits for the shim, and has the container's lock meanwhile.
func (b *bench) hide(id string) (show func()) {
	b.Helper()
	shim, paused := b.shim(id), make(chan error, 1)
	show = func() {
		shim.Signal(syscall.SIGCONT)
		<-paused
	}
	shim.Signal(syscall.SIGSTOP)
	b.Cleanup(func() { shim.Signal(syscall.SIGCONT) })
	go func() { paused <- b.docker.Pause(context.WithoutCancel(b.Context()), id) }()
	waiting.True(b.T, "dockerd does not tell of the container", func() bool {
		ctx, cancel := context.WithTimeout(b.Context(), time.Second)
		defer cancel()
		_, err := b.docker.Inspect(ctx, id)
		return err != nil
	})
	return show
}

// holding is a runner of the host that has the lock, and does nothing by itself. Its
// container was left by the runner before.
func (h *half) holding() *runner {
	h.Helper()
	h.start().says("the slot runs", control.Running, "")
	h.stop(registry.ErrHandOver)
	r, end := h.bench.runner(h.service)
	h.Cleanup(end)
	l, closeStore := h.lock()
	h.Cleanup(closeStore)
	r.lock = l
	if !l.take(h.Context()) {
		h.Fatal("the lock is not held")
	}
	h.Cleanup(l.leave)
	return r
}

func TestRunner_of_a_drained_host_has_the_lock_until_it_has_stopped_the_container(t *testing.T) {
	dockertest.StartHere(t)
	b, e := benchOf(t), etcdtest.Start(t, "embedded", nil)
	one := b.half(e, "one", supervisor.Main)
	r := one.holding()
	show := one.hide(one.state("").ID)

	brief, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	now := observed{drained: true}
	if now.container, now.waited, now.unseen = r.containers.look(brief); now.unseen == nil {
		t.Fatalf("dockerd tells of the container: %+v", now.container)
	}
	r.rest(t.Context(), now)
	if s := r.status; s.Phase != control.Stopping || !strings.Contains(s.Error, "dockerd does not answer") {
		t.Errorf("with the container not stopped it says %s: %q, want %s and why", s.Phase, s.Error, control.Stopping)
	}
	if !r.lock.held() {
		t.Error("with the container not stopped it has given the lock back")
	}

	show()
	r.rest(t.Context(), now)
	if s := one.state(""); s.Exists || r.status.Phase != control.Drained || r.lock.held() {
		t.Errorf("the container is %+v, the runner says %s: %q, the lock is held: %v; want no container, %s, and that it is not", s, r.status.Phase, r.status.Error, r.lock.held(), control.Drained)
	}
}
