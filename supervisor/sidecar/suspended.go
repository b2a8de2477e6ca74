package sidecar

import (
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
)

// suspended reports whether the paused container s of service is so for a moment, by
// its runner. What the runner last said is read anew each time, as it says so before
// it pauses the container.
func suspended(dir, service string, s container.State, now time.Time) bool {
	runner, err := control.ReadRunner(dir, service)
	return err == nil && runner.Pause.Covers(s.ID, now)
}
