package runner

import (
	"context"
	"fmt"
	"time"

	"rundock/internal/complaint"
	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/pause"
	"rundock/internal/spec"
	"rundock/supervisor/process"
	"rundock/supervisor/servicecontainer"
)

// What the loop has decided is done here. An error is why the wanted container
// does not run; the end of ctx is for the loop to see.

// adopt follows the running container s until it ends, or until something else
// may have to be decided. problem is why the wanted container does not run in
// its place: then that is for the next attempt.
func (r *runner) adopt(ctx context.Context, s container.State, problem error) (code int, ended bool) {
	r.status.Container, r.status.Image, r.status.Started = s.ID, s.Image, s.StartedAt
	r.status.Spec, r.status.NextStart = s.Labels[container.LabelSpec], time.Time{}
	r.status.Contents = r.containers.contents.of(ctx, s)
	// Also where a predecessor was interrupted between withdrawal and stop.
	if r.status.Withdrew != s.ID {
		r.status.Withdrew = ""
	}
	r.containers.goesOn()
	var again <-chan time.Time
	var sooner <-chan struct{}
	text := ""
	if problem != nil {
		delay := r.retries.putOff(time.Second)
		text, again, sooner = problem.Error(), time.After(delay), r.signals.sooner
		r.status.complain("the wanted container cannot take its place; the old one goes on", "err", text, "next_start_in", delay)
	} else {
		r.status.complaints = complaint.Memory{}
	}
	r.status.say(control.Running, text)
	follows := r.follower.follow(ctx, s, problem == nil)
	defer follows.close()
	select {
	case code := <-follows.ended:
		follows.logs.finish()
		r.ended(code, s.StartedAt)
		return code, true
	case <-r.signals.replace:
		r.status.deployAnew()
		r.asked = true
	case why := <-follows.outdated:
		r.status.log.Warn("the container has to be made anew", "why", why)
	case <-follows.renamed:
	case <-again:
	case <-sooner:
	case <-ctx.Done():
	}
	return 0, false
}

// ended records the end of the container.
func (r *runner) ended(code int, started time.Time) {
	r.status.ExitCode = code
	r.status.Crashes = crashesAfter(r.status.Crashes, time.Since(started))
	r.status.Container, r.status.Remade = "", ""
	delay := r.retries.putOff(0)
	r.status.log.Error("container ended", "code", code, "crashes", r.status.Crashes, "next_start_in", delay)
	r.status.say(control.Backoff, fmt.Sprintf("container ended with exit code %d", code))
}

// start makes the container from nothing; old is the one that has ended.
func (r *runner) start(ctx context.Context, old container.State) error {
	if r.prerequisites.await(ctx) != nil {
		return nil
	}
	want, from, err := r.origins.now(ctx)
	if err != nil {
		return err
	}
	id, err := r.containers.prepare(ctx, want, from)
	if err == nil {
		err = r.containers.takePlace(ctx, old, id)
	}
	return r.made(ctx, err)
}

// replace makes the wanted container and puts it in the place of the running
// one, which goes on where that cannot be done.
func (r *runner) replace(ctx context.Context, now observed, want spec.Container, next action) error {
	old := now.container
	logs := startLogs(ctx, r.follower.logs, old.ID, r.status.log)
	defer logs.stop()
	id, err := r.containers.prepare(ctx, want, now.origins)
	if err == nil {
		r.status.say(control.Stopping, "")
		err = r.containers.end(ctx, old.ID)
	}
	if err == nil {
		logs.finish()
		err = r.containers.takePlace(ctx, old, id)
	}
	if err = r.made(ctx, err); err != nil || ctx.Err() != nil {
		return err
	}
	r.status.Crashes, r.status.Remade = 0, ""
	if next.unasked {
		r.status.Remade = next.why
	}
	r.status.log.Info("container replaced", "container", id[:12], "why", next.why)
	return nil
}

// made records how the making of a container went: err is why it failed.
func (r *runner) made(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		r.status.Crashes++
		return err
	}
	r.status.Error, r.asked = "", false
	return nil
}

// backOff waits until the next attempt is due. problem is what is wrong, where
// that is new; then it is put off.
func (r *runner) backOff(ctx context.Context, problem error) {
	if problem != nil {
		delay := r.retries.putOff(time.Second)
		r.status.complain("cannot start the container", "err", problem.Error(), "next_start_in", delay)
		r.status.Container = ""
		r.status.say(control.Backoff, problem.Error())
	}
	r.retries.wait(ctx)
}

// leave ends the runner that leaves its container to a successor. TERM may
// follow on HUP's heels, and then none comes: the container is stopped.
func (r *runner) leave() int {
	r.status.say(control.Left, "")
	alone := process.NoSuccessor(r.dir)
	switch {
	case r.signals.stopped.Load():
		return r.stop()
	case alone:
		return 0
	}
	return process.HandedOver
}

// stop withdraws the announcement, stops the container and removes it. With
// the daemon away it is tried for as long as a stop may take.
func (r *runner) stop() int {
	patience := time.Duration(servicecontainer.StopTimeout(r.service)+10) * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience+r.sidecar.drain())
	defer cancel()
	r.status.say(control.Stopping, "")
	for {
		err := r.containers.remove(ctx)
		if err == nil {
			r.status.Container = ""
			r.status.say(control.Stopped, "")
			return 0
		}
		r.status.say(control.Stopping, err.Error())
		if pause.For(ctx, 500*time.Millisecond) != nil {
			r.status.log.Error("leaving with the container not stopped", "err", err)
			return 1
		}
	}
}
