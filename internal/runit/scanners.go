package runit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// EndScanners ends every runsvdir of folder and returns when each runsv that
// one of them has started can be told to leave, or ctx is done. The runsvs and
// what they supervise go on.
//
// The signal is KILL. On TERM a runsvdir that has just begun starts its runsvs
// first, and one that is busy starts those again that are told to leave.
func EndScanners(ctx context.Context, folder string) error {
	return until(ctx, fmt.Sprintf("the runsvdir of %s has not left", folder), func() (bool, error) {
		scanners := Scanners(folder)
		for _, pid := range scanners {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
				return false, fmt.Errorf("end the runsvdir of %s: process %d: %w", folder, pid, err)
			}
		}
		return len(scanners) == 0 && !starting(folder), nil
	})
}

// starting reports whether a runsv of a service in folder is on its way: it
// cannot be told anything yet.
func starting(folder string) bool {
	folder, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return false
	}
	for _, proc := range processes() {
		if nameOf(proc) != "runsv" {
			continue
		}
		// It starts in the folder that is scanned, and goes to that of its service.
		cwd, err := os.Readlink(filepath.Join(proc, "cwd"))
		if err != nil || cwd != folder && filepath.Dir(cwd) != folder || strings.HasSuffix(cwd, deletedMark) {
			continue
		}
		if reads, _ := readsOK(proc); !reads && alive(proc) {
			return true
		}
	}
	return false
}

// alive reports whether the process has not ended: one that nobody has waited
// for yet has no command line.
func alive(proc string) bool {
	line, err := os.ReadFile(filepath.Join(proc, "cmdline"))
	return err == nil && len(line) > 0
}
