package supervisor

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/hostconfig"
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

// supervised, which comes before t.Parallel as a script cannot be run while
// another test forks with it open, has a real runsv supervise a runner that
// HUP ends. The file stopped gets a line where its finish script has the
// rundockd command stop the container.
func supervised(t *testing.T) (dir, stopped string, runsv *os.Process) {
	t.Helper()
	if _, err := exec.LookPath("runsv"); err != nil {
		t.Skip("runit is not installed")
	}
	script, err := os.ReadFile(finish(t))
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	stopped = filepath.Join(dir, "stopped")
	for name, text := range map[string]string{
		"run":      "#!/bin/sh\necho >>started\nexec sleep 600\n",
		"finish":   string(script),
		"rundockd": "#!/bin/sh\necho $1 >>" + stopped + "\n",
	} {
		text = strings.ReplaceAll(text, hostconfig.Program, filepath.Join(dir, "rundockd"))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("env", "--default-signal=HUP", "runsv", dir) // nohup, before the tests, would have all ignore it
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	await.True(t, "the runner runs", func() bool { return starts(dir) == 1 })
	return dir, stopped, cmd.Process
}

func starts(dir string) int {
	data, _ := os.ReadFile(filepath.Join(dir, "started"))
	return strings.Count(string(data), "\n")
}

func sv(t *testing.T, command, dir string) {
	t.Helper()
	if out, err := exec.Command("sv", command, dir).CombinedOutput(); err != nil {
		t.Fatalf("sv %s: %v: %s", command, err, out)
	}
}

// On a machine so busy that runsv gets no further than its second of down
// before each start, the script looks in it.
func TestFinish_leaves_the_container_to_a_late_successor(t *testing.T) {
	dir, stopped, runsv := supervised(t)
	t.Parallel()
	var started int
	await.True(t, "runsv is held in that second", func() bool {
		started = starts(dir) + 1
		sv(t, "hup", dir)
		for { // of one that ran for longer than a second, the next is started at once
			if stat, _ := os.ReadFile(filepath.Join(dir, "supervise/stat")); string(stat) == "down\n" {
				runsv.Signal(syscall.SIGSTOP)
				if starts(dir) < started {
					return true
				}
				runsv.Signal(syscall.SIGCONT)
			}
			if starts(dir) >= started { // by more, where it ended before it was told to
				return false
			}
			time.Sleep(time.Millisecond) // the second of down is soon over, and this loop leaves a processor to others
		}
	})
	time.Sleep(3500 * time.Millisecond) // the script looks after 3 s
	runsv.Signal(syscall.SIGCONT)
	await.True(t, "a successor runs", func() bool { return starts(dir) >= started })
	if said, err := os.ReadFile(stopped); !os.IsNotExist(err) {
		t.Errorf("the script has the rundockd command %q what the successor has, %v", said, err)
	}
}

func TestFinish_stops_the_container_where_no_successor_is_wanted(t *testing.T) {
	dir, stopped, _ := supervised(t)
	t.Parallel()
	sv(t, "hup", dir)
	sv(t, "down", dir)
	await.Equal(t, "what the rundockd command is told", "stop\n", func() string {
		said, _ := os.ReadFile(stopped)
		return string(said)
	})
}
