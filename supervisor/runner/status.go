package runner

import (
	"fmt"
	"log/slog"
	"time"

	"rundock/internal/complaint"
	"rundock/internal/container"
	"rundock/internal/control"
)

// status is what the runner says: its status file, and in its log what goes
// wrong.
type status struct {
	control.RunnerStatus // of the file, with what was not written yet
	log                  *slog.Logger
	complaints           complaint.Memory
}

// say writes the status file. That it cannot be written must not stop the
// service.
func (s *status) say(p control.Phase, problem string) {
	if s.Phase != p || s.Since.IsZero() || s.Error != problem {
		s.Since = time.Now()
	}
	s.Phase, s.Error = p, problem
	if err := control.WriteRunner(control.Dir, s.RunnerStatus); err != nil {
		s.complain("status not written", "err", err.Error())
	}
}

// have has the status tell of the container c, which is the wanted one or goes on in
// its place: no start is due.
func (s *status) have(c container.State) {
	s.Container, s.Image, s.Started = c.ID, c.Image, c.StartedAt
	s.Spec, s.NextStart, s.Paused = c.Labels[container.LabelSpec], time.Time{}, c.Paused
	s.First = control.Process{Container: c.ID, PID: c.PID}
}

// haveNone has the status tell of no container. What the last one was made of stays, by which
// calls of the module tell whether the next one is another.
func (s *status) haveNone() {
	s.Container, s.Started, s.Remade = "", time.Time{}, ""
	s.Paused, s.Lacks, s.Unchecked = false, nil, nil
}

// complain logs an error, but not the same again and again: a service that
// cannot be started for days would push all else out of its log.
func (s *status) complain(message string, args ...any) {
	if s.complaints.News(time.Now(), message+fmt.Sprint(args[:2]...)) {
		s.log.Error(message, args...)
	}
}

// deployAnew makes the next container one of a new deployment, as somebody
// asked for it.
func (s *status) deployAnew() { s.Deployment = newDeployment(time.Now()) }
