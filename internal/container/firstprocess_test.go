package container

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"rundock/internal/await"
)

// groupOf makes a cgroup that is named as Docker names a container's.
func groupOf(t *testing.T, id string) *os.File {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		before, after, _ := strings.Cut(line, " - ")
		if place := strings.Fields(before); strings.HasPrefix(after, "cgroup2 ") && place[3] == "/" {
			dir := filepath.Join(place[4], id)
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { await.Nil(t, "the cgroup is removed", func() error { return os.Remove(dir) }) })
			group, err := os.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { group.Close() })
			return group
		}
	}
	t.Fatal("no cgroup2 is mounted")
	return nil
}

// sleeper starts a process in a cgroup; nil is that of the test.
func sleeper(t *testing.T, group *os.File) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "600")
	if group != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(group.Fd())}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd
}

// runs has the daemon say that its containers run, as a process.
func (d *daemon) runs(pid int, started string) {
	d.state.Store(&container.State{Running: true, Pid: pid, StartedAt: started})
}

func TestFollow_sees_the_end_of_the_first_process_though_the_daemon_says_that_it_runs(t *testing.T) {
	d := newDaemon()
	group := groupOf(t, d.containers["web"])
	first, second := sleeper(t, group), sleeper(t, group)
	d.runs(first.Process.Pid, "2026-11-21T12:00:00Z")
	c := d.open(t)
	c.limits.ping, c.limits.inspect = soon, soon
	f := follow(t, c, "web")
	running := func(s State) bool { return s.Running }
	if s := f.until("it runs", running); s.Unwatched != nil {
		t.Fatalf("not watched: %v", s.Unwatched)
	}
	f.until("it still runs", running)
	d.hangs.Store(true)
	f.until("the daemon hangs", func(s State) bool { return s.Unreachable != nil })
	first.Process.Kill()
	ended := func(start string) {
		t.Helper()
		select {
		case s := <-f.ended:
			if s.ID != d.containers["web"] || s.StartedAt.Format(time.RFC3339) != start {
				t.Errorf("the end of %s, started at %s, is told; want the run of %s", s.ID, s.StartedAt, start)
			}
		case <-time.After(time.Minute):
			t.Fatal("never told that it has ended")
		}
	}
	ended("2026-11-21T12:00:00Z")
	d.hangs.Store(false)
	f.until("the daemon, which has not heard of it, says that it runs", running)
	d.runs(second.Process.Pid, "2026-11-21T12:00:09Z")
	f.until("there is another run", func(s State) bool { return s.StartedAt.Second() == 9 && s.Unwatched == nil })
	second.Process.Kill()
	ended("2026-11-21T12:00:09Z")
}

func TestFollow_leaves_processes_alone_that_are_not_the_container_s(t *testing.T) {
	d := newDaemon()
	foreign := sleeper(t, nil)
	gone := sleeper(t, nil)
	gone.Process.Kill()
	gone.Wait()
	for _, c := range []struct {
		claim string
		pid   int
		want  string
	}{
		{"one of another cgroup", foreign.Process.Pid, "is not in a cgroup of the container"},
		{"one that is gone", gone.Process.Pid, "no such process"},
		{"none", 0, "the daemon names no process"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			d.runs(c.pid, "2026-11-21T12:00:00Z")
			s := follow(t, d.open(t), "web").until("it runs", func(s State) bool { return s.Running })
			if s.Unwatched == nil || !strings.Contains(s.Unwatched.Error(), c.want) {
				t.Errorf("unwatched = %v, want %q", s.Unwatched, c.want)
			}
		})
	}
}
