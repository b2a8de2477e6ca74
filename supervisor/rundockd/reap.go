package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"rundock/internal/hostconfig"
	"rundock/internal/runit"
	"rundock/supervisor"
)

// reapMain is `rundockd reap DIR`: each runsv that still supervises a folder
// of DIR leaves, after its process has handed over. The script of a service
// with a sidecar calls it for what a killed predecessor left behind, and when
// it is told to hand over itself. The container and its announcement stay.
func reapMain(args []string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: rundockd reap DIR")
		return 2
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	dirs, err := filepath.Glob(filepath.Join(args[0], "*/supervise"))
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
	return runit.Exit(ctx, dir)
}

// handoverMain is `rundockd handover`: every runner and sidecar of this host
// leaves without stopping anything, and runsv starts it again: from a new
// rundockd, and with a new host.json. No container restarts.
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

// supervised lists the folders in which runners and sidecars of this host's
// enabled services run.
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
	entries, err := os.ReadDir(folders.Service)
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), supervisor.Prefix) {
			continue
		}
		dir := folders.Dir(e.Name())
		inner, err := filepath.Glob(filepath.Join(dir, "services/*/run"))
		if err != nil {
			return nil, err
		}
		for _, run := range inner {
			dirs = append(dirs, filepath.Dir(run))
		}
		if len(inner) == 0 {
			dirs = append(dirs, dir)
		}
	}
	return dirs, nil
}
