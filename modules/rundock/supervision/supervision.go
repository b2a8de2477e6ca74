// Package supervision acts on the processes of a service: it has runsvs do what a plan
// says, exchanges them where the service directory gets another shape, stops all of
// them, and ends what was left behind by supervisors that were killed and directories
// that were deleted. What needs Docker or the network it has its caller do.
package supervision

import (
	"path/filepath"
	"time"

	"rundock/internal/runit"
	"rundock/modules/rundock/look"
	"rundock/modules/rundock/plan"
)

// Service is a service whose processes are acted on.
type Service struct {
	look.Place
	Slack           time.Duration // for a stop beyond what the service itself asks for, before it is killed
	Waits           bool          // its caller waits for it after Act
	Warn            func(format string, args ...any)
	RemoveContainer func() error // has rundockd stop and remove the container
	Beside          *runit.Party // its part where others enable services at the same time; nil: it is alone
}

// parts are the folders of the service in which a runsv can be, in the order
// in which they are stopped: the sidecar withdraws before its container ends.
func (s *Service) parts() []string {
	dir := s.Unit.Dir
	return []string{dir, filepath.Join(dir, plan.Both.Sidecar), filepath.Join(dir, plan.Both.Runner)}
}

// warnLostLog warns of a logger that was killed.
func (s *Service) warnLostLog(log string) {
	s.Warn("the logger in %s could not write what was left, as on a full disk, and was killed: the last lines are lost", log)
}
