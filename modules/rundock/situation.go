package main

import (
	"time"

	"rundock/internal/control"
	"rundock/internal/module"
)

// situation is how a service stands on the host, from files alone.
type situation struct {
	module.Standing
	Shape     shape          // of what runs; without Outer.Supervised, of the files
	Spec      string         // hash of the container in the files; "" for none
	Outer     module.Process // of the service directory
	Runner    module.Process // the same as Outer where there is no sidecar
	Announcer module.Process // the same as Outer where there is no container
	Loggers   map[string]module.Process
	Says      control.RunnerStatus
	Announces control.AnnounceStatus
	Beat      time.Time // when the sidecar said so last
}

// statusIsCurrent reports whether the runner's status was written by the runner that
// there is now.
func (s situation) statusIsCurrent() bool {
	return s.Runner.Supervised && s.Says.PID != 0 && s.Says.PID == s.Runner.Status.PID
}

// announceStatusIsCurrent is statusIsCurrent for the sidecar.
func (s situation) announceStatusIsCurrent() bool {
	return s.Announcer.Supervised && s.Announces.PID != 0 && s.Announces.PID == s.Announcer.Status.PID
}

// specHash is the hash of the spec of the container that there is; where the runner
// does not say that there is one, of the spec in the files.
func (s situation) specHash() string {
	if s.statusIsCurrent() && s.Says.Container != "" {
		return s.Says.Spec
	}
	return s.Spec
}

// runnerWaits reports whether the runner waits before it tries again to start the
// container, or to replace another one.
func (s situation) runnerWaits() bool {
	return s.statusIsCurrent() && (s.Says.Phase == control.Backoff || s.Says.Phase == control.Running && s.Says.Error != "")
}

// mayHaveContainer reports whether the service may have a container: unless
// its runner has said last that it took it away, or it never had one.
func (s situation) mayHaveContainer() bool {
	return (s.Shape.runner != "" || s.Says.Phase != "") && s.Says.Phase != control.Stopped
}
