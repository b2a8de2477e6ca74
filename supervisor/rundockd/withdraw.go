package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"rundock/internal/control"
	"rundock/supervisor"
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
	ctx, cancel := context.WithTimeout(ctx, r.drain()+patience)
	defer cancel()
	asked := 0
	for {
		s, err := control.ReadAnnounce(control.Dir, r.service.Name)
		if err != nil || s.PID == 0 || !isAnnouncer(s.PID) || s.PID == asked && s.State == control.Withdrawn {
			return
		}
		if s.PID != asked {
			asked = s.PID
			syscall.Kill(s.PID, syscall.SIGUSR1)
		}
		if wait(ctx, 10*time.Millisecond) != nil {
			r.log.Warn("stopping the container although its sidecar did not withdraw it in time", "state", s.State, "reason", s.Reason)
			return
		}
	}
}

// announceAgain undoes a withdrawal whose container goes on: the sidecar, which
// would wait for another one, makes way for a successor that was not asked.
func (r *runner) announceAgain() {
	s, err := control.ReadAnnounce(control.Dir, r.service.Name)
	if err != nil || s.PID == 0 || !isAnnouncer(s.PID) {
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

// isAnnouncer tells a living sidecar from a process that was given the pid of
// a dead one.
func isAnnouncer(pid int) bool { return isRundockd(pid, "announce") }

// isRundockd reports whether pid is a living `rundockd COMMAND ...`.
func isRundockd(pid int, command string) bool {
	cmdline, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if err != nil {
		return false
	}
	words := bytes.Split(cmdline, []byte{0})
	return len(words) > 1 && string(words[1]) == command
}
