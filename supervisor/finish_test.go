package supervisor

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"rundock/internal/await"
	"rundock/internal/spec"
)

// finish returns the runner's finish script as a file.
func finish(t *testing.T) string {
	t.Helper()
	files, err := Files(Service{Name: "web", Container: spec.Container{Image: "x"}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "finish")
	for _, f := range files {
		if f.Path == "finish" {
			if err := os.WriteFile(path, f.Data, f.Mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	return path
}

func TestFinish_says_why_the_runner_ended(t *testing.T) {
	script := finish(t)
	for args, want := range map[string]string{
		"0 0":   "",
		"3 768": "rundock: web ended with exit code 3\n",
		"-1 9":  "rundock: runner of web ended by signal 9; the container stays\n",
	} {
		out, err := exec.Command(script, strings.Fields(args)...).CombinedOutput()
		if err != nil || string(out) != want {
			t.Errorf("finish %s says %q, %v; want %q", args, out, err, want)
		}
	}
}

// A pipe that nobody reads, as that to an svlogd whose disk is full.
func TestFinish_ends_though_nobody_takes_what_it_says(t *testing.T) {
	// Its ends block, unlike those of os.Pipe: a write to a full one would fail at once.
	var ends [2]int
	if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	r, w := os.NewFile(uintptr(ends[0]), "reading end"), os.NewFile(uintptr(ends[1]), "writing end")
	defer r.Close()
	defer w.Close()
	size, _, errno := syscall.Syscall(syscall.SYS_FCNTL, w.Fd(), syscall.F_SETPIPE_SZ, 4096)
	if errno != 0 {
		t.Fatal(errno)
	}
	if _, err := w.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), await.Deadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, finish(t), "3", "768")
	cmd.Stdout = w
	cmd.Run() // its exit code is of no use to runsv
	if ctx.Err() != nil {
		t.Errorf("finish still runs after %s", await.Deadline)
	}
}
