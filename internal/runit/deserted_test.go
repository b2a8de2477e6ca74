package runit

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	waits "rundock/internal/await"
)

// startedAs runs a copy of sleep under the name of one of runit's programs, in
// dir: it looks as that program does before it has opened anything.
func startedAs(t *testing.T, name, dir string, arguments ...string) *exec.Cmd {
	t.Helper()
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, program, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, arguments...)
	cmd.Dir = dir
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd
}

// Whoever takes a runsv that is starting for one that nobody can reach kills it,
// and leaves what it has just started without a supervisor.
func TestDeserted_is_no_runsv_that_is_starting(t *testing.T) {
	dir := t.TempDir()
	startedAs(t, "runsv", dir, "1000")
	if got := Deserted(dir); got != nil {
		t.Errorf("Deserted = %v, want none", got)
	}
}

func TestDeserted_is_a_runsv_without_its_supervise_folder(t *testing.T) {
	f := supervisor(t)
	f.service(t, "lost", "exec sleep 1000")
	if err := f.Enable(patience(t), "lost"); err != nil {
		t.Fatal(err)
	}
	dir := f.Dir("lost")
	if got := Deserted(dir); got != nil {
		t.Fatalf("Deserted = %v while nothing is lost", got)
	}
	if err := os.Rename(filepath.Join(dir, "supervise"), filepath.Join(t.TempDir(), "supervise")); err != nil {
		t.Fatal(err)
	}
	got := Deserted(dir)
	if len(got) == 0 {
		t.Error("Deserted is empty once its supervise folder is elsewhere, want the runsv")
	}
	for _, p := range got { // with a child of it that is not another program yet
		if p.Name != "runsv" {
			t.Errorf("Deserted has %v, want the runsv alone", p)
		}
		syscall.Kill(p.PID, syscall.SIGKILL)
	}
}

// A runsvdir that is told to end in its first second, by TERM, starts its
// runsvs before it does; nobody would know of them.
func TestEndScanners_leaves_nothing_on_its_way(t *testing.T) {
	folder := t.TempDir()
	script := filepath.Join(folder, "inner", "run")
	if err := os.MkdirAll(filepath.Dir(script), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(script, []byte("#!/bin/sh\nexec sleep 1000\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		now := time.Now()
		if err := os.Chtimes(folder, now, now); err != nil { // it looks at what is this new a second later
			t.Fatal(err)
		}
		scanner := exec.Command("runsvdir", "-P", folder)
		if err := scanner.Start(); err != nil {
			t.Fatal(err)
		}
		waits.True(t, "runsvdir runs", func() bool { return len(Scanners(folder)) > 0 })
		if err := EndScanners(patience(t), folder); err != nil {
			t.Fatal(err)
		}
		scanner.Wait()
		if err := Exit(patience(t), filepath.Dir(script), nil); err != nil {
			t.Fatal(err)
		}
		if starting(folder) {
			t.Error("a runsv is on its way after EndScanners")
		}
		if up, err := Supervised(filepath.Dir(script)); up || err != nil {
			t.Errorf("its service is supervised after Exit: %v, %v", up, err)
		}
	}
	startedAs(t, "runsv", filepath.Dir(script), "1000")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := EndScanners(ctx, folder); err == nil {
		t.Error("EndScanners returns while a runsv is on its way")
	}
}
