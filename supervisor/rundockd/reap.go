package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"rundock/internal/hostconfig"
	"rundock/internal/runit"
	"rundock/supervisor"
	"rundock/supervisor/overlaydir"
	"rundock/supervisor/process"
)

// reapMain is `rundockd reap DIR`: a runsvdir that still runs DIR leaves, and
// then each runsv that still supervises a folder of it, after its process has
// handed over. The script of a service
// with a sidecar calls it for what a killed predecessor left behind, and when
// it is told to hand over itself. The container and its announcement stay.
func reapMain(args []string) int {
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

// handoverMain is `rundockd handover`: every runner and sidecar of this host,
// and every agent of an overlay network, leaves without stopping anything, and
// runsv starts it again: from a new rundockd, and with a new host.json. No
// container restarts.
func handoverMain(args []string) int {
	if len(args) != 0 {
		fmt.Fprintln(os.Stderr, "usage: rundockd handover")
		return 2
	}
	dirs, err := supervised()
	for _, d := range dirs {
		e := runit.Control(d, "h")
		if e == nil {
			fmt.Println(d)
		} else if !errors.Is(e, runit.ErrNotSupervised) {
			err = errors.Join(err, e)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd handover:", err)
		return 1
	}
	return 0
}

// supervised lists the folders in which the processes of this host's enabled
// services and overlay networks run.
func supervised() ([]string, error) {
	host, err := hostconfig.Load(hostconfig.Path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // as before the host role's first run
	}
	if err != nil {
		return nil, err
	}
	folders, err := runit.Detect(host.Runit.SV, host.Runit.Service)
	if err != nil {
		return nil, err
	}
	return processFolders(folders)
}

// processFolders are those of the enabled services and networks that rundock
// wrote.
func processFolders(folders runit.Folders) ([]string, error) {
	entries, err := os.ReadDir(folders.Service)
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, e := range entries {
		if dir := folders.Dir(e.Name()); overlaydir.Is(dir) {
			dirs = append(dirs, dir)
		}
		if !strings.HasPrefix(e.Name(), supervisor.Prefix) {
			continue
		}
		// Others may call their services docker-something, too.
		runner, announcer := supervisor.Installed(folders.Dir(e.Name()))
		for _, dir := range []string{runner, announcer} {
			if dir != "" {
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs, nil
}

// entries are the names in dir, none where it cannot be read.
func entries(dir string) []string {
	list, _ := os.ReadDir(dir)
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}
