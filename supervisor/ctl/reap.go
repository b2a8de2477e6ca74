package ctl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

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
	err := runit.EndScanners(ctx, args[0])
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
