package ctl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"rundock/internal/runit"
	"rundock/supervisor/process"
)

// ReapMain is `rundockd reap DIR`: a runsvdir that still runs DIR leaves, and
// then each runsv that still supervises a folder of it, after its process has
// handed over. The script of a service
// with a sidecar calls it for what a killed predecessor left behind, and when
// it is told to hand over itself. The container and its announcement stay.
func ReapMain(args []string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: rundockd reap DIR")
		return 2
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*process.Patience)
	defer cancel()
	// First, as it would start again every runsv that leaves.
	err := endRunsvdir(ctx, args[0])
	dirs, e := filepath.Glob(filepath.Join(args[0], "*/supervise"))
	err = errors.Join(err, e)
	for _, d := range dirs {
		err = errors.Join(err, reap(ctx, filepath.Dir(d)))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd reap:", err)
		return 1
	}
	return 0
}

func reap(ctx context.Context, dir string) error {
	if err := runit.Leave(ctx, dir); err != nil {
		return err
	}
	return runit.Exit(ctx, dir, nil)
}

// endRunsvdir ends every runsvdir of dir by TERM, on which it leaves its
// runsvs alone.
func endRunsvdir(ctx context.Context, dir string) error {
	want, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("end the runsvdir of %s: %w", dir, err)
	}
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return err
	}
	for _, proc := range processes {
		if !runsvdirOf(proc, want) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(proc))
		if err != nil {
			return err
		}
		if err := unix.Kill(pid, unix.SIGTERM); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("end the runsvdir of %s: process %d: %w", dir, pid, err)
		}
		for runsvdirOf(proc, want) {
			if process.Wait(ctx, 5*time.Millisecond) != nil {
				return fmt.Errorf("end the runsvdir of %s: process %d does not leave", dir, pid)
			}
		}
	}
	return nil
}

// runsvdirOf reports whether the process at proc is a living runsvdir of the
// folder dir. Names are compared by what they lead to for that process.
func runsvdirOf(proc string, dir os.FileInfo) bool {
	cmdline, err := os.ReadFile(proc + "/cmdline")
	if err != nil {
		return false
	}
	words := strings.Split(strings.TrimRight(string(cmdline), "\x00"), "\x00")
	if filepath.Base(words[0]) != "runsvdir" {
		return false
	}
	for _, word := range words[1:] {
		path := proc + "/cwd/" + word
		if filepath.IsAbs(word) {
			path = proc + "/root" + word
		}
		if is, err := os.Stat(path); err == nil && os.SameFile(is, dir) {
			return true
		}
	}
	return false
}
