package process

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"rundock/internal/flock"

	"golang.org/x/sys/unix"
)

func TestTakeOver_leaves_a_process_alone_that_got_the_id_of_a_predecessor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web", "runner.lock")
	holder, err := flock.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	if err := flock.Lock(holder); err != nil {
		t.Fatal(err)
	}
	innocent := exec.Command("/bin/sleep", "600")
	if err := innocent.Start(); err != nil {
		t.Fatal(err)
	}
	defer innocent.Wait()
	defer innocent.Process.Kill()
	pid := innocent.Process.Pid
	if err := writeAt(holder, strconv.Itoa(pid)+"\n"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := TakeOver(ctx, path, "run", NewLogger()); err == nil {
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
	unlock, err := TakeOver(t.Context(), path, "run", NewLogger())
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	os.WriteFile(filepath.Join(dir, "fill"), make([]byte, 1<<20), 0o600) // fails when it is full
	unlock, err = TakeOver(t.Context(), path, "run", NewLogger())
	if err != nil {
		t.Fatalf("on a full file system: %v", err)
	}
	unlock()
}
