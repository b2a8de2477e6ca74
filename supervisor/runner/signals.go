package runner

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/supervisor/process"
)

// signals are those that a runner was sent.
type signals struct {
	replace chan struct{} // USR1: make another container
	sooner  chan struct{} // USR2: try again now what failed
	drain   chan struct{} // USR2, where the host is drained
	stopped atomic.Bool   // TERM: stop the container; it may follow a HUP
}

// listen catches signals from now on. HUP and TERM call cancel, with the cause
// registry.ErrHandOver or process.ErrStop.
func listen(cancel context.CancelCauseFunc) *signals {
	s := &signals{replace: make(chan struct{}, 1), sooner: make(chan struct{}, 1), drain: make(chan struct{}, 1)}
	c := make(chan os.Signal, 4)
	signal.Notify(c, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2)
	go func() {
		for told := range c {
			s.take(told, cancel)
		}
	}()
	return s
}

func (s *signals) take(told os.Signal, cancel context.CancelCauseFunc) {
	switch told {
	case syscall.SIGHUP:
		cancel(registry.ErrHandOver)
	case syscall.SIGUSR1:
		select {
		case s.replace <- struct{}{}:
		default:
		}
	case syscall.SIGUSR2:
		select {
		case s.sooner <- struct{}{}:
		default:
		}
		if _, drained := control.ReadDrain(hostconfig.StateDir); drained {
			select {
			case s.drain <- struct{}{}:
			default:
			}
		}
	default:
		s.stopped.Store(true)
		cancel(process.ErrStop)
	}
}
