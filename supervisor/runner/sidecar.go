package runner

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"rundock/internal/control"
	"rundock/internal/pause"
	"rundock/supervisor"
	"rundock/supervisor/process"
)

// sidecar is the process that announces the runner's service, if there is one.
type sidecar struct {
	dir     string // its service directory, beside the runner's
	service string
	log     *slog.Logger
}

// withdraw has the sidecar withdraw the service and drain, and returns when
// it has: clients must be gone before the container is. Without a sidecar that
// lives there is nothing to wait for.
func (c sidecar) withdraw(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, c.drain()+process.Patience)
	defer cancel()
	asked := 0
	for {
		s, err := control.ReadAnnounce(control.Dir, c.service)
		if err != nil || s.PID == 0 || !c.is(s.PID) || s.PID == asked && s.State == control.Withdrawn {
			return
		}
		if s.PID != asked {
			asked = s.PID
			syscall.Kill(s.PID, syscall.SIGUSR1)
		}
		if pause.For(ctx, 10*time.Millisecond) != nil {
			c.log.Warn("stopping the container although its sidecar did not withdraw it in time", "state", s.State, "reason", s.Reason)
			return
		}
	}
}

// announceAgain undoes a withdrawal whose container goes on. A sidecar that was
// started since was not asked, and so is left as it is.
func (c sidecar) announceAgain() {
	s, err := control.ReadAnnounce(control.Dir, c.service)
	if err != nil || s.PID == 0 || !c.is(s.PID) {
		return
	}
	c.log.Info("the container goes on after its withdrawal: announcing it again")
	syscall.Kill(s.PID, syscall.SIGUSR2)
}

// drain is how long the sidecar gives clients to leave.
func (c sidecar) drain() time.Duration {
	a, err := supervisor.ReadAnnounce(filepath.Join(c.dir, "announce.json"))
	if err != nil {
		return 0
	}
	return time.Duration(a.Drain) * time.Second
}

// is tells a living sidecar of the service from a process that was given the
// pid of a dead one, be it another service's sidecar.
func (c sidecar) is(pid int) bool {
	words := process.CommandLine(pid)
	if len(words) < 3 || words[1] != "announce" {
		return false
	}
	own, err := os.Stat(c.dir)
	if err != nil {
		return false
	}
	is, err := os.Stat(words[2])
	return err == nil && os.SameFile(own, is)
}
