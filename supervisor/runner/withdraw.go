package runner

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"rundock/internal/control"
	"rundock/supervisor"
	"rundock/supervisor/process"
)

// withdraw has the sidecar withdraw the service and drain, and returns when
// it has: clients must be gone before container id is. Without a sidecar that
// lives there is nothing to wait for.
//
// That it was asked is on record first: whoever finds id running on after all
// has to call announceAgain, also after a kill.
func (r *runner) withdraw(ctx context.Context, id string) {
	r.status.Withdrew = id
	r.say(r.status.Phase, r.status.Error)
	ctx, cancel := context.WithTimeout(ctx, r.drain()+process.Patience)
	defer cancel()
	asked := 0
	for {
		s, err := control.ReadAnnounce(control.Dir, r.service.Name)
		if err != nil || s.PID == 0 || !r.isSidecar(s.PID) || s.PID == asked && s.State == control.Withdrawn {
			return
		}
		if s.PID != asked {
			asked = s.PID
			syscall.Kill(s.PID, syscall.SIGUSR1)
		}
		if process.Wait(ctx, 10*time.Millisecond) != nil {
			r.log.Warn("stopping the container although its sidecar did not withdraw it in time", "state", s.State, "reason", s.Reason)
			return
		}
	}
}

// announceAgain undoes a withdrawal whose container goes on: the sidecar, which
// would wait for another one, makes way for a successor that was not asked.
func (r *runner) announceAgain() {
	s, err := control.ReadAnnounce(control.Dir, r.service.Name)
	if err != nil || s.PID == 0 || !r.isSidecar(s.PID) {
		return
	}
	r.log.Info("the container goes on after its withdrawal: announcing it again")
	syscall.Kill(s.PID, syscall.SIGHUP)
}

// drain is how long the sidecar gives clients to leave.
func (r *runner) drain() time.Duration {
	a, err := supervisor.ReadAnnounce(filepath.Join(r.dir, "../announce/announce.json"))
	if err != nil {
		return 0
	}
	return time.Duration(a.Drain) * time.Second
}

// isSidecar tells a living sidecar of the service from a process that was
// given the pid of a dead one, be it another service's sidecar.
func (r *runner) isSidecar(pid int) bool {
	words := process.CommandLine(pid)
	if len(words) < 3 || words[1] != "announce" {
		return false
	}
	own, err := os.Stat(filepath.Join(r.dir, "../announce"))
	if err != nil {
		return false
	}
	is, err := os.Stat(words[2])
	return err == nil && os.SameFile(own, is)
}
