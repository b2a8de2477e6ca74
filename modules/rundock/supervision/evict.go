package supervision

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"rundock/internal/pause"
	"rundock/internal/runit"
)

// evict ends what runs in a service directory that somebody has deleted. It kills the
// supervisors, which can no longer be told anything, as their folders are gone. Then
// it sends sidecar and runner how: by HUP they leave the container and its records
// to successors, by TERM they withdraw and stop it.
func (s *Service) evict(ctx context.Context, how syscall.Signal) error {
	deserted := runit.Deserted(s.Unit.Dir)
	if len(deserted) == 0 {
		return nil
	}
	// Whoever starts others goes first.
	for _, name := range []string{"runsvdir", "runsv", "run"} {
		send(deserted, syscall.SIGKILL, func(p runit.Process) bool { return p.Name == name })
	}
	for _, command := range []string{"announce", "run"} {
		is := func(p runit.Process) bool {
			return len(p.Args) > 1 && filepath.Base(p.Args[0]) == "rundockd" && p.Args[1] == command
		}
		send(deserted, how, is)
		if err := s.awaitGone(ctx, is); err != nil {
			send(runit.Deserted(s.Unit.Dir), syscall.SIGKILL, is)
			s.Warn("the process of before that is to %s has not left in its time and was killed", command)
		}
	}
	// Loggers end with who writes to them, unless their disk is full.
	isLogger := func(p runit.Process) bool { return p.Name == "svlogd" }
	logged, cancel := context.WithTimeout(ctx, runit.LogPatience)
	defer cancel()
	if s.awaitGone(logged, isLogger) != nil {
		send(runit.Deserted(s.Unit.Dir), syscall.SIGKILL, isLogger)
	}
	return s.awaitGone(ctx, func(p runit.Process) bool { return true })
}

// send sends those of list that are meant a signal.
func send(list []runit.Process, signal syscall.Signal, meant func(runit.Process) bool) {
	for _, p := range list {
		if meant(p) {
			syscall.Kill(p.PID, signal)
		}
	}
}

// awaitGone waits until no process that is meant runs in the service directory of
// before.
func (s *Service) awaitGone(ctx context.Context, meant func(runit.Process) bool) error {
	for {
		left := slices.DeleteFunc(runit.Deserted(s.Unit.Dir), func(p runit.Process) bool { return !meant(p) })
		if len(left) == 0 {
			return nil
		}
		if err := pause.For(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("process %d (%s) still runs in %s, which was deleted: %w", left[0].PID, left[0].Name, left[0].Dir, err)
		}
	}
}
