package runner

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"rundock/internal/complaint"
	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/supervisor"
	"rundock/supervisor/logcopy"
	"rundock/supervisor/process"
	"rundock/supervisor/servicecontainer"
)

// runner keeps one container running as service.json says, for as long as it
// lives: it adopts the container or replaces it, follows it, stops it on TERM,
// and on HUP leaves it to a successor (docs/design.md, "A service, from its
// file to its container").
type runner struct {
	dir     string // service directory of the runner, with service.json
	digest  string // of the files that it read there
	service supervisor.Service
	docker  *container.Client
	logs    *logcopy.Copier
	log     *slog.Logger
	status  control.RunnerStatus
	replace chan struct{} // USR1
	sooner  chan struct{} // USR2
	stopped atomic.Bool   // TERM came, be it after a HUP
	said    complaint.Memory
}

// run loops: look, decide, act, until the container ends or ctx does.
func (r *runner) run(ctx context.Context) int {
	before, err := control.ReadRunner(control.Dir, r.service.Name)
	if err != nil {
		r.log.Warn("status of the last runner is unreadable", "err", err)
	}
	r.status = firstStatus(before, r.service, r.digest, time.Now())
	r.status.PID = os.Getpid()
	forced := false
	for {
		next, code := r.step(ctx, forced)
		switch next {
		case stepExit:
			return code
		case stepStop:
			return r.stop()
		case stepLeave:
			r.say(control.Left, "")
			return r.left()
		}
		forced = next == stepReplace
	}
}

// left ends the runner that has left its container to a successor. TERM may
// follow on HUP's heels, and then none comes: the container is stopped.
func (r *runner) left() int {
	alone := process.NoSuccessor(r.dir)
	switch {
	case r.stopped.Load():
		return r.stop()
	case alone:
		return 0
	}
	return process.HandedOver
}

// step is what to do after one round of run's loop.
type step int

const (
	stepAgain   step = iota // look again
	stepReplace             // look again, and replace the container even if it is the wanted one
	stepExit                // the container ended: leave with its code
	stepStop                // stop the container and leave
	stepLeave               // leave the container to a successor
)

// interrupted is what the end of ctx asks for.
func interrupted(ctx context.Context) step {
	if errors.Is(context.Cause(ctx), process.ErrHandOver) {
		return stepLeave
	}
	return stepStop
}

// step looks at the container and brings it one stage further.
func (r *runner) step(ctx context.Context, forced bool) (step, int) {
	current, err := r.look(ctx)
	if ctx.Err() != nil {
		return interrupted(ctx), 0
	}
	if err != nil {
		return r.retry(ctx, err), 0
	}
	if !current.Running {
		return r.start(ctx, current)
	}
	want, from, err := r.expanded(ctx)
	if ctx.Err() != nil {
		return interrupted(ctx), 0
	}
	if away := from.Away(); err == nil && away != "" {
		err = errors.New(away)
	}
	outdated := from.Changed(current.Labels)
	wanted := current.Labels[container.LabelSpec] == r.status.Wanted && outdated == "" &&
		(r.service.Pin == "" || current.Image == r.service.Pin)
	switch {
	case err != nil:
		return r.supervise(ctx, current, err)
	case wanted && !forced:
		return r.supervise(ctx, current, nil)
	}
	next, code := r.replaced(ctx, current, want, from)
	if next == stepAgain && forced && r.status.Error != "" {
		next = stepReplace // what failed is tried again, also if nothing but the wish tells the two apart
	}
	if next == stepAgain && r.status.Error == "" {
		r.status.Remade = outdated
	}
	return next, code
}

// look returns the container as it is now, waiting for the daemon. One of the
// same name that is not ours is an error: it must not be lost.
func (r *runner) look(ctx context.Context) (container.State, error) {
	for {
		s, err := r.docker.Inspect(ctx, r.service.Name)
		if err == nil {
			return s, servicecontainer.CheckOwner(s, r.service.Name)
		}
		if r.docker.Ping(ctx) == nil || ctx.Err() != nil {
			return s, err
		}
		r.complain("waiting for dockerd", "err", err.Error())
		r.say(control.Waiting, err.Error())
		if err := process.Wait(ctx, 500*time.Millisecond); err != nil {
			return s, err
		}
	}
}
