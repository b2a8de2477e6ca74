package runner

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rundock/internal/container/dockertest"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/etcdtest"
	"rundock/supervisor"
	"rundock/supervisor/process"
)

func TestRunner_that_cannot_take_the_lock_of_its_slot(t *testing.T) {
	if _, err := hostconfig.Load(hostconfig.Path); err == nil {
		t.Skipf("this host has a %s, and none is wanted", hostconfig.Path)
	}
	hang, goOn := dockertest.StartHere(t)
	b, e := benchOf(t), etcdtest.Start(t, "embedded", nil)
	quiet := slog.New(slog.DiscardHandler)
	slots := 0
	runs := func(t *testing.T, host string) (h *half, dir string, pid int) {
		h = b.of(t).half(e, host, supervisor.Main)
		slots++
		h.service.Slot.Number = slots // whose lock nobody has
		h.start()
		h.says("the slot runs", control.Running, "")
		pid = h.state("").PID
		h.stop(registry.ErrHandOver)
		t.Cleanup(func() {
			os.RemoveAll(filepath.Join(hostconfig.StateDir, h.name))
			os.Remove(hostconfig.StateDir) // unless others have something there
		})
		s := h.service
		s.Version = supervisor.Version
		data, err := s.JSON()
		if err != nil {
			t.Fatal(err)
		}
		dir = filepath.Join(t.TempDir(), supervisor.Prefix+h.name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "service.json"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		return h, dir, pid
	}
	none := &signals{}

	t.Run("stops the container", func(t *testing.T) {
		one, dir, _ := runs(t, "one")
		if _, err := setUpAndRun(t.Context(), dir, none, quiet); err == nil || !strings.Contains(err.Error(), hostconfig.Path) {
			t.Errorf("err = %v, want one that names %s", err, hostconfig.Path)
		}
		if s := one.state(""); s.Exists {
			t.Errorf("the container is %+v", s)
		}
		if s, err := control.ReadRunner(control.Dir, one.name); err != nil || s.Phase != control.Waiting || !strings.Contains(s.Error, hostconfig.Path) || s.Container != "" {
			t.Errorf("it says %s: %q, container %q (%v); want %s and why, and no container", s.Phase, s.Error, s.Container, err, control.Waiting)
		}
	})

	t.Run("has it killed where dockerd hangs", func(t *testing.T) {
		_, dir, pid := runs(t, "two")
		hang()
		defer goOn()
		if _, err := setUpAndRun(t.Context(), dir, none, quiet); err == nil {
			t.Error("it runs")
		}
		if !gone(pid, 5*time.Second) {
			t.Error("the container runs")
		}
	})

	unreadable := func(t *testing.T, dir string) {
		if err := os.WriteFile(filepath.Join(dir, "service.json"), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("as its service.json is unreadable stops the container", func(t *testing.T) {
		three, dir, _ := runs(t, "three")
		unreadable(t, dir)
		for range 2 { // and what it takes is known to the next one
			if _, err := setUpAndRun(t.Context(), dir, none, quiet); err == nil || !strings.Contains(err.Error(), "service.json") {
				t.Errorf("err = %v, want one that names service.json", err)
			}
			if s := three.state(""); s.Exists {
				t.Errorf("the container is %+v", s)
			}
			s, err := control.ReadRunner(control.Dir, three.name)
			if err != nil || s.Phase != control.Waiting || !strings.Contains(s.Error, "service.json") || s.Container != "" || s.Locked == nil || s.Locked.StopTimeout != 2 {
				t.Errorf("it says %+v (%v); want %s and why, no container, and its stop timeout", s, err, control.Waiting)
			}
		}
	})

	t.Run("as it has no client of Docker has it killed", func(t *testing.T) {
		_, dir, pid := runs(t, "four")
		t.Setenv("DOCKER_HOST", "nowhere")
		if _, err := setUpAndRun(t.Context(), dir, none, quiet); err == nil || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("err = %v, want one that names DOCKER_HOST", err)
		}
		if !gone(pid, 5*time.Second) {
			t.Error("the container runs")
		}
	})

	t.Run("leaves the container where it needs none", func(t *testing.T) {
		five, dir, _ := runs(t, "five")
		unreadable(t, dir)
		s, err := control.ReadRunner(control.Dir, five.name)
		if err != nil {
			t.Fatal(err)
		}
		s.Locked = nil
		if err := control.WriteRunner(control.Dir, s); err != nil {
			t.Fatal(err)
		}
		if _, err := setUpAndRun(t.Context(), dir, none, quiet); err == nil {
			t.Error("it runs")
		}
		if s := five.state(""); !s.Running {
			t.Errorf("the container is %+v", s)
		}
	})

	t.Run("stops it as told to stop", func(t *testing.T) {
		six, dir, _ := runs(t, "six")
		told, cancel := context.WithCancelCause(t.Context())
		cancel(process.ErrStop)
		if code, err := setUpAndRun(told, dir, none, quiet); code != 0 || err != nil {
			t.Errorf("it ends with %d, %v; want 0", code, err)
		}
		if s := six.state(""); s.Exists {
			t.Errorf("the container is %+v", s)
		}
	})
}
