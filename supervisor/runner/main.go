package runner

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/supervisor"
	"rundock/supervisor/logcopy"
	"rundock/supervisor/process"
)

// Main is `rundockd run DIR`. The exit code is the container's, as finish
// and `sv status` show it; 100 for what only an operator can mend.
func Main(args []string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: rundockd run DIR\nDIR holds service.json; runsv starts this.")
		return 100
	}
	process.KeepSmall()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	r := newRunner(args[0], cancel)
	return process.ExitCode(r.main(ctx))
}

// StopMain is `rundockd stop DIR`: what a runner does that is told to stop. The
// finish script calls it for one that was told so before it could listen.
func StopMain(args []string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: rundockd stop DIR\nDIR holds service.json; the runner's finish script calls this.")
		return 100
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(process.ErrStop)
	r := newRunner(args[0], cancel)
	return r.main(ctx)
}

// newRunner listens to signals, which end the context by cancel.
func newRunner(dir string, cancel context.CancelCauseFunc) *runner {
	r := &runner{dir: dir, log: process.NewLogger(), replace: make(chan struct{}, 1), sooner: make(chan struct{}, 1)}
	go r.signals(cancel)
	return r
}

// main runs until the container ends or ctx does.
func (r *runner) main(ctx context.Context) int {
	code, err := r.setUpAndRun(ctx)
	if err != nil {
		r.log.Error("cannot run", "err", err)
		process.Pause(ctx)
		return 100
	}
	return code
}

// setUpAndRun gets what a runner needs, and runs. An error is one of the former.
func (r *runner) setUpAndRun(ctx context.Context) (int, error) {
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
	cursor, err := logcopy.OpenCursor(filepath.Join(hostconfig.StateDir, r.service.Name, "log.cursor"))
	if err != nil {
		r.log.Error("lines of the log will be repeated after a restart of this process", "err", err)
		if cursor, err = logcopy.MemoryCursor(); err != nil {
			return 0, err
		}
	}
	defer cursor.Close()
	if r.docker, err = container.Open(); err != nil {
		return 0, err
	}
	r.logs = &logcopy.Copier{Docker: r.docker, Cursor: cursor, Out: process.Pipe{FD: int(os.Stdout.Fd())}, Current: filepath.Join(supervisor.LogDir(r.service.Name), "current")}
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
