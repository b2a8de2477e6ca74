package runner

import (
	"context"
	"fmt"
	"time"

	"rundock/internal/complaint"
	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
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
	if p := r.status.Pause; s.Paused && p != nil && p.Container == s.ID && p.Ended.IsZero() { // so a predecessor has left it
		r.resume(ctx, s.ID)
		return 0, false
	}
	r.lock.oversee(s)
	r.status.have(s)
	r.status.Contents = r.containers.contents.of(ctx, s)
	if r.status.Lacks = nil; problem == nil {
		r.status.Lacks = r.follower.lacks(ctx, s)
	}
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
		return code, !r.want.job
	case <-r.signals.replace:
		r.status.deployAnew()
		r.asked = true
	case why := <-follows.outdated:
		r.status.log.Warn("the container has to be made anew", "why", why)
	case <-follows.changed:
	case s := <-follows.unchecked:
		r.revive(ctx, s)
	case <-again:
	case <-sooner:
	case <-r.signals.drain:
	case <-ctx.Done():
	}
	return 0, false
}

// ended records the end of the container.
func (r *runner) ended(code int, started time.Time) {
	r.status.ExitCode, r.started = code, ""
	r.countRun(code, started)
	r.status.haveNone()
	if r.want.job && (code == 0 || r.status.Attempts > r.want.tries) {
		return // await says it
	}
	delay := r.retries.putOff(0)
	r.status.log.Error("container ended", "code", code, "crashes", r.status.Crashes, "next_start_in", delay)
	r.status.say(control.Backoff, fmt.Sprintf("container ended with exit code %d", code))
}

// countRun counts a run that has ended, where it ended too soon or, of a job, badly.
func (r *runner) countRun(code int, started time.Time) {
	switch {
	case !r.want.job:
		r.status.Crashes = crashesAfter(r.status.Crashes, time.Since(started))
	case code != 0:
		r.status.Attempts++
		r.status.Crashes = r.status.Attempts // what could not be started before matters no more
	}
}

// await says how the job ended whose container is s, and waits until another one
// is wanted. s stays, with its log and exit code.
func (r *runner) await(ctx context.Context, s container.State) {
	if err := r.containers.logs.Flush(ctx, s.ID); err != nil {
		r.status.log.Warn("the end of the job's log is lost", "err", err)
	}
	r.status.have(s)
	r.status.ExitCode = s.ExitCode
	text := ""
	if s.ExitCode != 0 {
		text = fmt.Sprintf("the job ended with exit code %d", s.ExitCode)
	}
	if r.status.Phase != control.Ended {
		r.status.log.Info("job ended", "code", s.ExitCode, "ran", s.FinishedAt.Sub(s.StartedAt).Round(time.Millisecond))
	}
	r.status.say(control.Ended, text)
	select {
	case <-r.signals.replace:
		r.status.deployAnew()
		r.status.Crashes, r.status.Attempts, r.asked = 0, 0, true
	case <-r.signals.drain:
	case <-ctx.Done():
	}
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
	if err == nil {
		r.started = id
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
	if err = r.made(ctx, err); err == nil && ctx.Err() == nil {
		r.noteReplaced(id, next)
	}
	return err
}

// noteReplaced notes that the container id has taken the place of another.
func (r *runner) noteReplaced(id string, next action) {
	r.status.Crashes, r.status.Attempts, r.status.Remade = 0, 0, ""
	if next.unasked {
		r.status.Remade = next.why
	}
	r.status.log.Info("container replaced", "container", id[:12], "why", next.why)
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
		r.status.haveNone()
		r.status.say(control.Backoff, problem.Error())
	}
	r.retries.wait(ctx)
}

// leave ends the runner that leaves its container to a successor. TERM may
// follow on HUP's heels, and then none comes: the container is stopped.
func (r *runner) leave() int {
	r.status.say(control.Left, "")
	alone := process.NoSuccessor(r.dir, r.signals.stopped.Load)
	switch {
	case r.signals.stopped.Load():
		return r.stop()
	case alone:
		return 0
	}
	return process.HandedOver
}

// rest withdraws the announcement and stops and removes the container, as the host
// is drained, and waits until it is so no longer.
func (r *runner) rest(ctx context.Context, now observed) {
	why, _ := control.ReadDrain(hostconfig.StateDir)
	// One that dockerd did not tell of may run.
	if now.unseen != nil || now.container.Exists {
		if now.unseen == nil || r.status.Phase != control.Drained { // and not again and again beside another's container
			r.status.log.Info("stopping the container", "why", why.String())
			r.status.say(control.Stopping, why.String())
		}
		bounded, cancel := context.WithTimeout(ctx, r.stopPatience())
		err := r.containers.remove(bounded)
		cancel()
		if err != nil {
			r.status.say(control.Stopping, err.Error())
			pause.For(ctx, 500*time.Millisecond)
			return
		}
	}
	r.lock.give()
	r.status.haveNone()
	r.status.NextStart, r.status.Crashes, r.status.Attempts = time.Time{}, 0, 0
	r.status.say(control.Drained, why.String())
	select {
	case <-r.signals.sooner:
	case <-r.signals.replace: // a new container is what it will be
	case <-time.After(drainLook):
	case <-ctx.Done():
	}
}

// drainLook is how often a runner looks whether its host is still drained, should
// the signal not have reached it.
const drainLook = 5 * time.Second

// isOver reports whether the service is a job that has run to its end.
func (r *runner) isOver(ctx context.Context) bool {
	if !r.want.job {
		return false
	}
	s, _, err := r.containers.look(ctx)
	return observed{container: s, unseen: err, asked: r.asked, attempts: r.status.Attempts}.over(r.want)
}

// stopPatience is how long a stop may take.
func (r *runner) stopPatience() time.Duration {
	return time.Duration(servicecontainer.StopTimeout(r.service)+10)*time.Second + r.sidecar.drain()
}

// stop withdraws the announcement, stops the container and removes it. With the daemon
// away it is tried for as long as a stop may take. Then the kernel stops a container that
// needs the lock, as nobody oversees it after this; where it cannot be told which process
// that is, the runner stays for as long as it has the lock.
func (r *runner) stop() int {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), r.stopPatience())
		if r.isOver(ctx) {
			cancel()
			r.status.say(control.Left, "") // whoever wants it gone takes it away; after a boot it must not run again
			return 0
		}
		r.status.say(control.Stopping, "")
		err := r.insist(ctx, r.containers.remove)
		cancel()
		switch {
		case err == nil:
			r.status.haveNone()
			r.status.say(control.Stopped, "")
			r.lock.give()
			return 0
		case r.lock.kill(r.status.First):
			r.status.log.Error("the container was killed, as dockerd has not stopped it in time", "err", err)
			return 1
		case !r.lock.held():
			r.status.log.Error("leaving with the container not stopped", "err", err)
			return 1
		}
		r.status.complain("not leaving, as the container is not stopped and may run nowhere else before", "err", err.Error())
	}
}

// insist tries again and again until ctx is done, whose error is that of the last attempt.
func (r *runner) insist(ctx context.Context, try func(context.Context) error) error {
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		r.status.say(control.Stopping, err.Error())
		if pause.For(ctx, 500*time.Millisecond) != nil {
			return err
		}
	}
}
