package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"rundock/internal/complaint"
	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/spec"
	"rundock/supervisor"
	"rundock/supervisor/process"
)

// stateDir is where a service's state outlives a boot.
const stateDir = supervisor.StateDir

// runner keeps one container running as service.json says, for as long as it
// lives. See data path 2 of the documentation: adopt or replace, follow, and
// on TERM stop; on HUP leave the container to a successor.
type runner struct {
	dir     string // service directory of the runner, with service.json
	digest  string // of the files that it read there
	service supervisor.Service
	docker  *container.Client
	logs    *logCopier
	log     *slog.Logger
	status  control.RunnerStatus
	replace chan struct{} // USR1
	sooner  chan struct{} // USR2
	stopped atomic.Bool   // TERM came, be it after a HUP
	said    complaint.Memory
}

// newRunner listens to signals, which end the context by cancel.
func newRunner(dir string, cancel context.CancelCauseFunc) *runner {
	r := &runner{dir: dir, log: process.NewLogger(), replace: make(chan struct{}, 1), sooner: make(chan struct{}, 1)}
	go r.signals(cancel)
	return r
}

// runMain is `rundockd run DIR`. The exit code is the container's, as finish
// and `sv status` show it; 100 for what only an operator can mend.
func runMain(args []string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: rundockd run DIR\nDIR holds service.json; runsv starts this.")
		return 100
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	r := newRunner(args[0], cancel)
	return process.ExitCode(r.main(ctx))
}

// stopMain is `rundockd stop DIR`: what a runner does that is told to stop. The
// finish script calls it for one that was told so before it could listen.
func stopMain(args []string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: rundockd stop DIR\nDIR holds service.json; the runner's finish script calls this.")
		return 100
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(process.ErrStop)
	r := newRunner(args[0], cancel)
	return r.main(ctx)
}

// main runs until the container ends or ctx does.
func (r *runner) main(ctx context.Context) int {
	code, err := r.prepared(ctx)
	if err != nil {
		r.log.Error("cannot run", "err", err)
		process.Pause(ctx)
		return 100
	}
	return code
}

// prepared gets what a runner needs, and runs. An error is one of the former.
func (r *runner) prepared(ctx context.Context) (int, error) {
	r.digest = control.Digest(r.dir, control.RunnerReads)
	var err error
	if r.service, err = supervisor.ReadService(filepath.Join(r.dir, "service.json")); err != nil {
		return 0, err
	}
	r.log = r.log.With("service", r.service.Name)
	// Told to stop meanwhile, it still has a container to stop.
	unlock, err := process.TakeOver(context.WithoutCancel(ctx), filepath.Join(control.Dir, r.service.Name, "runner.lock"), "run", r.log)
	if err != nil {
		return 0, err
	}
	defer unlock()
	cursor, err := openCursor(filepath.Join(stateDir, r.service.Name, "log.cursor"))
	if err != nil {
		r.log.Error("lines of the log will be repeated after a restart of this process", "err", err)
		if cursor, err = memoryCursor(); err != nil {
			return 0, err
		}
	}
	defer cursor.close()
	if r.docker, err = container.Open(); err != nil {
		return 0, err
	}
	r.logs = &logCopier{docker: r.docker, cursor: cursor, out: process.Pipe{FD: int(os.Stdout.Fd())}, current: filepath.Join(supervisor.LogDir(r.service.Name), "current")}
	return r.run(ctx), nil
}

// signals turns signals into the context's end, into a replacement, or into the
// end of a wait before the next start.
func (r *runner) signals(cancel context.CancelCauseFunc) {
	c := make(chan os.Signal, 4)
	signal.Notify(c, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2)
	for s := range c {
		switch s {
		case syscall.SIGHUP:
			cancel(process.ErrHandOver)
		case syscall.SIGUSR1:
			select {
			case r.replace <- struct{}{}:
			default:
			}
		case syscall.SIGUSR2:
			select {
			case r.sooner <- struct{}{}:
			default:
			}
		default:
			r.stopped.Store(true)
			cancel(process.ErrStop)
		}
	}
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
			return s, foreign(s, r.service.Name)
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

// start makes the container from nothing, after the back-off that earlier
// crashes call for.
func (r *runner) start(ctx context.Context, old container.State) (step, int) {
	if err := r.backoff(ctx); err != nil {
		return interrupted(ctx), 0
	}
	if r.mounts(ctx) != nil || r.networks(ctx) != nil || r.partners(ctx) != nil {
		return interrupted(ctx), 0
	}
	want, from, err := r.expanded(ctx)
	if ctx.Err() != nil {
		return interrupted(ctx), 0
	}
	if err != nil {
		return r.retry(ctx, err), 0
	}
	id, err := r.prepare(ctx, want, from)
	if err == nil {
		err = r.takePlace(ctx, old, id)
	}
	if err != nil || ctx.Err() != nil {
		return r.failed(ctx, err), 0
	}
	r.status.Error = ""
	return stepAgain, 0
}

// failed is what to do after an attempt at a new container that err ended, or
// the end of ctx.
func (r *runner) failed(ctx context.Context, err error) step {
	if ctx.Err() != nil {
		return interrupted(ctx)
	}
	r.status.Crashes++
	return r.retry(ctx, err)
}

// prepare does all that can be done while the old container still runs: pull
// the image and create the new container, as <name>.new. What an interrupted
// attempt left is removed first.
func (r *runner) prepare(ctx context.Context, want spec.Container, from container.Origins) (id string, err error) {
	if err := mounted(r.service.Mounts); err != nil {
		return "", err
	}
	r.say(control.Pulling, "")
	if err := r.pull(ctx, want); err != nil {
		return "", err
	}
	staged := r.service.Name + supervisor.NextSuffix
	if s, err := r.docker.Inspect(ctx, staged); err != nil {
		return "", err
	} else if s.Exists {
		if s.Labels[container.LabelService] != r.service.Name {
			return "", fmt.Errorf("a container named %s is in the way: rename or remove it", staged)
		}
		if err := r.docker.Remove(ctx, s.ID); err != nil {
			return "", err
		}
	}
	o := options(r.service, from)
	o.Deployment = r.status.Deployment
	// Before they are read: of a change in between, the next call sees too much.
	o.Contents = r.contents()
	if o.Secrets, err = supervisor.ReadSecrets(r.dir, want.EnvSecrets); err != nil {
		return "", err
	}
	return r.docker.Create(ctx, staged, want, o)
}

// pull makes the image present. One that the service was rolled back to is.
func (r *runner) pull(ctx context.Context, want spec.Container) error {
	if r.service.Pin != "" {
		return nil
	}
	pulled, err := r.docker.Pull(ctx, want.Image, want.Platform, r.service.Pull)
	if err != nil {
		return err
	}
	if r.status.Warning = pulled.Warning; pulled.Warning != "" {
		r.log.Warn(pulled.Warning)
	}
	return nil
}

// options are what a container of s is created with besides its spec.
func options(s supervisor.Service, from container.Origins) container.Options {
	return container.Options{
		Service:     s.Name,
		Hash:        s.Container.Hash(),
		Origins:     from,
		Image:       s.Pin,
		StopTimeout: stopTimeout(s),
	}
}

func stopTimeout(s supervisor.Service) int {
	if s.StopTimeout == 0 {
		return supervisor.DefaultStopTimeout
	}
	return s.StopTimeout
}

// takePlace removes the stopped container old, its log copied to the end, and
// starts the new one under its name.
func (r *runner) takePlace(ctx context.Context, old container.State, id string) error {
	if old.Exists {
		if err := r.logs.flush(ctx, old.ID); err != nil {
			r.log.Warn("the end of the old container's log is lost", "err", err)
		}
		if err := r.docker.Remove(ctx, old.ID); err != nil {
			return err
		}
	}
	if err := r.docker.Rename(ctx, id, r.service.Name); err != nil {
		return err
	}
	return r.docker.Start(ctx, id)
}

// replaced makes the wanted container and puts it in the place of the running
// one, which goes on where that cannot be done.
func (r *runner) replaced(ctx context.Context, old container.State, want spec.Container, from container.Origins) (step, int) {
	logs := r.startLogs(ctx, old.ID)
	defer logs.cancel()
	id, err := r.prepare(ctx, want, from)
	if err == nil {
		r.say(control.Stopping, "")
		r.withdraw(ctx, old.ID)
		err = r.docker.Stop(ctx, old.ID, stopTimeout(r.service))
	}
	if err == nil {
		return r.swap(ctx, old, id, logs)
	}
	logs.cancel()
	if ctx.Err() != nil {
		return interrupted(ctx), 0
	}
	r.status.Crashes++
	if now, lookErr := r.look(ctx); lookErr != nil || !now.Running || now.ID != old.ID {
		if ctx.Err() != nil {
			return interrupted(ctx), 0
		}
		return r.retry(ctx, err), 0
	}
	return r.supervise(ctx, old, err)
}

// swap puts the created container id in the place of old, which has stopped.
func (r *runner) swap(ctx context.Context, old container.State, id string, logs *logging) (step, int) {
	logs.end()
	if err := r.takePlace(ctx, old, id); err != nil || ctx.Err() != nil {
		return r.failed(ctx, err), 0
	}
	r.status.Crashes, r.status.Error = 0, ""
	r.log.Info("container replaced", "container", id[:12])
	return stepAgain, 0
}

// supervise follows the running container until it ends, or until somebody
// asks for something else. problem is why the wanted container is not running
// in its place: then it is tried again after a back-off.
func (r *runner) supervise(ctx context.Context, s container.State, problem error) (step, int) {
	r.status.Container, r.status.Image, r.status.Started = s.ID, s.Image, s.StartedAt
	r.status.Spec, r.status.NextStart = s.Labels[container.LabelSpec], time.Time{}
	r.status.Contents = r.madeOf(ctx, s)
	// Also where a predecessor was interrupted between withdrawal and stop.
	if r.status.Withdrew == s.ID {
		r.announceAgain()
	}
	r.status.Withdrew = ""
	var again <-chan time.Time
	var sooner <-chan struct{}
	text := ""
	if problem != nil {
		text, sooner, r.status.Failed = problem.Error(), r.sooner, time.Now()
		delay := max(backoff(r.status.Crashes), time.Second)
		again = time.After(delay)
		r.status.NextStart = time.Now().Add(delay)
		r.complain("the wanted container cannot take its place; the old one goes on", "err", text, "next_start_in", delay)
	} else {
		r.said = complaint.Memory{}
	}
	r.say(control.Running, text)
	logs := r.startLogs(ctx, s.ID)
	defer logs.cancel()
	ended := make(chan int, 1)
	waitCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		if code, err := r.docker.Wait(waitCtx, s.ID); err == nil {
			ended <- code
		}
	}()
	if problem == nil { // it is the wanted one
		go r.rejoin(waitCtx, s.ID)
	}
	outdated := make(chan string, 1)
	if problem == nil {
		go func() {
			if why := r.outdated(waitCtx, s.Labels); why != "" {
				outdated <- why
			}
		}()
	}
	select {
	case code := <-ended:
		logs.end()
		r.ended(code, s.StartedAt)
		return stepExit, code
	case <-ctx.Done():
		return interrupted(ctx), 0
	case <-r.replace:
		r.deployAnew()
		return stepReplace, 0
	case why := <-outdated:
		r.log.Warn("the container has to be made anew", "why", why)
		return stepAgain, 0
	case <-again:
		return stepAgain, 0
	case <-sooner:
		return stepAgain, 0
	}
}

// ended records the end of the container.
func (r *runner) ended(code int, started time.Time) {
	r.status.ExitCode = code
	r.status.Crashes = crashesAfter(r.status.Crashes, time.Since(started))
	r.status.Container, r.status.Remade = "", ""
	delay := backoff(r.status.Crashes)
	r.status.Failed = time.Now()
	r.status.NextStart = r.status.Failed.Add(delay)
	r.log.Error("container ended", "code", code, "crashes", r.status.Crashes, "next_start_in", delay)
	r.say(control.Backoff, fmt.Sprintf("container ended with exit code %d", code))
}

// backoff waits until NextStart; USR1 and USR2 cut it short.
func (r *runner) backoff(ctx context.Context) error {
	delay := time.Until(r.status.NextStart)
	if delay <= 0 {
		return nil
	}
	r.say(control.Backoff, r.status.Error)
	select {
	case <-time.After(min(delay, backoffLimit)):
	case <-r.replace:
		r.deployAnew()
	case <-r.sooner:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	r.status.NextStart = time.Time{}
	return nil
}

// retry says what is wrong, and waits before the next look.
func (r *runner) retry(ctx context.Context, err error) step {
	delay := max(backoff(r.status.Crashes), time.Second)
	r.complain("cannot start the container", "err", err.Error(), "next_start_in", delay)
	r.status.Container = ""
	r.status.Failed = time.Now()
	r.status.NextStart = r.status.Failed.Add(delay)
	r.say(control.Backoff, err.Error())
	if r.backoff(ctx) != nil {
		return interrupted(ctx)
	}
	return stepAgain
}

// stop withdraws the announcement, stops the container and removes it. With
// the daemon away it is tried for as long as a stop may take.
func (r *runner) stop() int {
	patience := time.Duration(stopTimeout(r.service)+10) * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience+r.drain())
	defer cancel()
	r.say(control.Stopping, "")
	for {
		err := r.stopOnce(ctx)
		if err == nil {
			r.status.Container = ""
			r.say(control.Stopped, "")
			return 0
		}
		r.say(control.Stopping, err.Error())
		if process.Wait(ctx, 500*time.Millisecond) != nil {
			r.log.Error("leaving with the container not stopped", "err", err)
			return 1
		}
	}
}

func (r *runner) stopOnce(ctx context.Context) error {
	for _, name := range []string{r.service.Name, r.service.Name + supervisor.NextSuffix} {
		s, err := r.docker.Inspect(ctx, name)
		if err != nil {
			return err
		}
		if s.Labels[container.LabelService] != r.service.Name {
			continue
		}
		if s.Running {
			r.withdraw(ctx, s.ID)
			if err := r.docker.Stop(ctx, s.ID, stopTimeout(r.service)); err != nil {
				return err
			}
		}
		if name == r.service.Name {
			if err := r.logs.flush(ctx, s.ID); err != nil {
				r.log.Warn("the end of the container's log is lost", "err", err)
			}
		}
		if err := r.docker.Remove(ctx, s.ID); err != nil {
			return err
		}
	}
	return nil
}

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

// logging is a log being followed in the background.
type logging struct {
	copier *logCopier
	stop   context.CancelFunc
	done   chan struct{}
}

func (r *runner) startLogs(ctx context.Context, id string) *logging {
	ctx, stop := context.WithCancel(ctx)
	l := &logging{r.logs, stop, make(chan struct{})}
	go func() {
		defer close(l.done)
		if err := r.logs.follow(ctx, id); err != nil {
			r.log.Error("log no longer copied", "err", err)
		}
	}()
	return l
}

// end waits until the log of a stopped container is copied whole, or svlogd
// does not take it.
func (l *logging) end() {
	l.copier.stalls(l.done)
	l.cancel()
}

// cancel stops following; what was not copied is left to the next follower.
func (l *logging) cancel() {
	l.stop()
	<-l.done
}
