package runner

import (
	"fmt"
	"time"

	"rundock/internal/control"
)

// say writes the status file. That it cannot be written must not stop the
// service.
func (r *runner) say(p control.Phase, problem string) {
	if r.status.Phase != p || r.status.Since.IsZero() || r.status.Error != problem {
		r.status.Since = time.Now()
	}
	r.status.Phase, r.status.Error = p, problem
	if err := control.WriteRunner(control.Dir, r.status); err != nil {
		r.complain("status not written", "err", err.Error())
	}
}

// complain logs an error, but not the same again and again: a service that
// cannot be started for days would push all else out of its log.
func (r *runner) complain(message string, args ...any) {
	if r.said.News(time.Now(), message+fmt.Sprint(args[:2]...)) {
		r.log.Error(message, args...)
	}
}
