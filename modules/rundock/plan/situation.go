package plan

import (
	"time"

	"rundock/internal/control"
	"rundock/internal/module"
)

// Situation is how a service stands on the host, from files alone.
type Situation struct {
	module.Standing
	Shape     Shape          // of what runs; without Outer.Supervised, of the files
	Spec      string         // hash of the container in the files; "" for none
	Outer     module.Process // of the service directory
	Runner    module.Process // the same as Outer where there is no sidecar
	Announcer module.Process // the same as Outer where there is no container
	Loggers   map[string]module.Process
	Says      control.RunnerStatus
	Announces control.AnnounceStatus
	Beat      time.Time // when the sidecar said so last
}

// StatusIsCurrent reports whether the runner's status was written by the runner that
// there is now.
func (s *Situation) StatusIsCurrent() bool { return s.Runner.Wrote(s.Says.PID) }

// AnnounceStatusIsCurrent is StatusIsCurrent for the sidecar.
func (s *Situation) AnnounceStatusIsCurrent() bool { return s.Announcer.Wrote(s.Announces.PID) }

// specHash is the hash of the spec of the container that there is; where the runner
// does not say that there is one, of the spec in the files.
func (s *Situation) specHash() string {
	if s.StatusIsCurrent() && s.Says.Container != "" {
		return s.Says.Spec
	}
	return s.Spec
}

// runnerWaits reports whether the runner waits before it tries again to start the
// container, or to replace another one.
func (s *Situation) runnerWaits() bool {
	return s.StatusIsCurrent() && (s.Says.Phase == control.Backoff || s.Says.Phase == control.Running && s.Says.Error != "")
}

// MayHaveContainer reports whether the service may have a container: unless
// its runner has said last that it took it away, or it never had one.
func (s *Situation) MayHaveContainer() bool {
	return (s.Shape.Runner != "" || s.Says.Phase != "") && s.Says.Phase != control.Stopped
}

// process is the one in the folder dir of the service directory.
func (s *Situation) process(dir string) module.Process {
	switch logger, ok := s.Loggers[dir]; {
	case dir == ".":
		return s.Outer
	case ok:
		return logger
	case dir == s.Shape.Sidecar:
		return s.Announcer
	}
	return s.Runner
}
