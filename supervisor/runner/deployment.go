package runner

import (
	"time"

	"rundock/internal/control"
	"rundock/supervisor"
)

// firstStatus is the status with which a runner of s starts, after a
// predecessor whose last one was before. The crashes of another deployment
// are neither waited out nor held against s: not those of another spec, nor
// those before a rollback, which can be to the same spec. digest is that of s's
// files.
func firstStatus(before control.RunnerStatus, s supervisor.Service, digest string, now time.Time) control.RunnerStatus {
	status := control.RunnerStatus{
		Service: s.Name, Digest: digest, Wanted: s.Container.Hash(),
		Withdrew: before.Withdrew, Pause: before.Pause, Succession: before.Succession, First: before.First, Deployment: newDeployment(now),
	}
	if s.Role != "" {
		status.Locked = &control.Locked{Role: s.Role, StopTimeout: s.StopTimeout}
	}
	status.Succession.Renaming = false // the name is given back, or the rest is seen to
	if before.Wanted == status.Wanted && (s.Pin == "" || before.Digest == digest) {
		status.Crashes, status.ExitCode, status.NextStart = before.Crashes, before.ExitCode, before.NextStart
		status.Attempts = before.Attempts
		status.Error, status.Failed = before.Error, before.Failed // why it backs off
		if before.Phase != control.Stopped && before.Deployment != "" {
			status.Deployment = before.Deployment
		}
	}
	if before.Phase == control.Left {
		status.Remade = before.Remade
	}
	if s.Pin != "" {
		status.Warning = "rolled back, and runs image " + s.Pin + " until it is deployed anew"
	}
	return status
}

// newDeployment names what was asked for at now.
func newDeployment(now time.Time) string { return now.UTC().Format(time.RFC3339Nano) }
