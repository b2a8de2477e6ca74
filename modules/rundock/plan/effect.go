package plan

import "rundock/internal/module"

// TookEffect reports whether now has what p tells runsvs to do, and a runner and
// a sidecar of f that are those that p asks for and have written a status.
func (p Plan) TookEffect(f Shape, before, now Situation) bool {
	for _, c := range p.Commands {
		if !commandDeed(c, before).Seen(now) {
			return false
		}
	}
	// What runs below an outer runsv that was killed hands over to what its successor starts.
	orphans := !before.Outer.Supervised
	return hasStatus(f.Runner, orphans || p.succeeded(f.Runner), before.Runner, now.Runner, now.Says.PID) &&
		hasStatus(f.Sidecar, orphans || p.succeeded(f.Sidecar), before.Announcer, now.Announcer, now.Announces.PID)
}

// hasStatus reports whether the process in dir, another than before if succeeded
// is set, has written a status: says is the process id in it.
func hasStatus(dir string, succeeded bool, before, now module.Process, says int) bool {
	return dir == "" || now.Wrote(says) && !(succeeded && says == before.Status.PID)
}
