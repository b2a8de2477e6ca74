package runner

import (
	"cmp"
	"context"
	"path/filepath"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/spec"
	"rundock/supervisor"
	"rundock/supervisor/logcopy"
)

// runner keeps one container running as service.json says, for as long as it
// lives: it looks how things are, decides (decide.go), and has its parts act.
type runner struct {
	dir     string // service directory of the runner, with service.json
	service supervisor.Service
	want    wanted
	signals *signals
	status  *status

	retries       retries
	origins       origins
	prerequisites prerequisites
	containers    containers
	follower      follower
	sidecar       sidecar
	lock          *lock // nil: the service runs without one

	started string            // id of the container that start has made last, until its end was recorded
	revived control.Unchecked // the last container that Docker was to make health checks of again, as it was then
	asked   bool              // somebody asked for another container, which is not there yet
}

// newRunner puts a runner together from what main has opened.
func newRunner(dir string, service supervisor.Service, docker *container.Client, logs *logcopy.Copier, signals *signals, status *status) *runner {
	r := &runner{dir: dir, service: service, signals: signals, status: status}
	r.want = wanted{spec: service.Container.Hash(), image: service.Pin, job: service.Job, tries: service.Attempts, first: service.StartFirst > 0}
	r.retries = retries{status, signals}
	r.origins = origins{service.Container, docker}
	r.prerequisites = prerequisites{service, docker, status, signals}
	r.sidecar = sidecar{filepath.Join(dir, "../announce"), service.Name, status.log}
	r.containers = containers{service, docker, logs, status, r.sidecar, contents{dir, service, docker, status}}
	r.follower = follower{docker, logs, r.origins, status.log}
	return r
}

// run keeps the container running until it ends, or ctx does: with the cause
// registry.ErrHandOver it is left to a successor, else it is stopped. The
// result is for process.ExitCode.
func (r *runner) run(ctx context.Context) int {
	defer r.lock.leave()
	var problem error
	for {
		now, want := r.observe(ctx)
		next := decide(now, r.want, problem)
		problem = nil
		held, done := r.lock.context(ctx)
		switch next.do {
		case adopt:
			if code, ended := r.adopt(held, now.container, next.problem); ended {
				done()
				return code
			}
		case start:
			problem = r.start(held, now.container)
		case replace:
			problem = r.replace(held, now, want, next)
		case succeed:
			problem = r.succeed(held, now, want, next)
		case retire:
			r.retire(held, now)
		case backOff:
			r.backOff(held, next.problem)
		case await:
			r.await(ctx, now.container)
		case rest:
			r.rest(ctx, now)
		case standBy:
			r.standBy(ctx)
		case stop:
			return r.stop()
		case leave:
			return r.leave()
		}
		done()
	}
}

// observe looks how things are, waiting for dockerd. want is the spec as a
// container would be made of it now; it is known where now.origins are.
func (r *runner) observe(ctx context.Context) (now observed, want spec.Container) {
	_, now.drained = control.ReadDrain(hostconfig.StateDir)
	if ctx.Err() == nil { // before dockerd is asked, which may take long
		if !now.drained || r.status.Phase != control.Drained { // there may be a container still
			now.barred = !r.lock.take(ctx)
		}
		r.lock.overseeNoted(r.status.First)
	}
	now.container, now.waited, now.unseen = r.containers.look(ctx)
	if now.unseen == nil && now.container.Running {
		want, now.origins, now.unmade = r.origins.now(ctx)
		now.unmade = cmp.Or(r.containers.nameBack(ctx, now.container), now.unmade)
		now.replaced = r.containers.replaced(ctx, now.container)
	}
	if r.want.job && now.unseen == nil && endedUnseen(now.container, r.started) {
		r.ended(now.container.ExitCode, now.container.StartedAt)
	}
	now.wait, now.asked, now.attempts = r.retries.left(), r.asked, r.status.Attempts
	if ctx.Err() != nil {
		now.ended = context.Cause(ctx)
	}
	return now, want
}
