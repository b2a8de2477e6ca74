package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func start(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd.Process.Pid
}

func TestTakeOver_leaves_a_process_alone_that_got_the_id_of_a_predecessor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web", "runner.lock")
	os.Mkdir(filepath.Dir(path), 0o755)
	holder, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	if err := unix.Flock(int(holder.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	innocent := exec.Command("/bin/sleep", "600")
	pid := start(t, innocent)
	if err := writeAt(holder, strconv.Itoa(pid)+"\n"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := takeOver(ctx, path, "run", newLogger()); err == nil {
		t.Fatal("taken over from a holder that is still there")
	}
	stat, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if _, state, ok := strings.Cut(string(stat), ") "); !ok || strings.ContainsAny(state[:1], "ZXT") { // dead or stopped
		t.Errorf("process %d, which is no rundockd, is now %q", pid, stat)
	}
}

func TestTakeOver_needs_no_room_for_its_note(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to mount a file system")
	}
	dir := t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skip("cannot mount a tmpfs: ", err)
	}
	defer unix.Unmount(dir, unix.MNT_DETACH)
	path := filepath.Join(dir, "web", "runner.lock")
	unlock, err := takeOver(t.Context(), path, "run", newLogger())
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	os.WriteFile(filepath.Join(dir, "fill"), make([]byte, 1<<20), 0o600) // fails when it is full
	unlock, err = takeOver(t.Context(), path, "run", newLogger())
	if err != nil {
		t.Fatalf("on a full file system: %v", err)
	}
	unlock()
}

func TestSidecar_is_known_by_its_folder(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"web/services/service", "web/services/announce", "shop/services/announce"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	r := runner{dir: filepath.Join(dir, "web/services/service")}
	for claim, c := range map[string]struct {
		pid  int
		want bool
	}{
		"its own":           {lingering(t, "announce", filepath.Join(dir, "web/services/announce")), true},
		"another's":         {lingering(t, "announce", filepath.Join(dir, "shop/services/announce")), false},
		"a runner":          {lingering(t, "run", filepath.Join(dir, "web/services/service")), false},
		"something else":    {start(t, exec.Command("/bin/sleep", "600")), false},
		"no process":        {1 << 30, false},
		"this very process": {os.Getpid(), false},
	} {
		if got := r.isSidecar(c.pid); got != c.want {
			t.Errorf("%s: isSidecar = %v, want %v", claim, got, c.want)
		}
	}
}

// lingering is a living process whose command line is that of `rundockd ARGS`:
// a shell, which takes the first of them for its script.
func lingering(t *testing.T, args ...string) int {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, args[0]), []byte("read line\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh")
	cmd.Args = append([]string{"/usr/local/bin/rundockd"}, args...)
	cmd.Dir = dir
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	return start(t, cmd)
}
