package runner

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

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
	process.NoMoreRights()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	return process.ExitCode(runIn(ctx, args[0], listen(cancel)))
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
	return runIn(ctx, args[0], listen(cancel))
}

// runIn runs the service of dir until its container ends or ctx does.
func runIn(ctx context.Context, dir string, signals *signals) int {
	log := process.NewLogger()
	code, err := setUpAndRun(ctx, dir, signals, log)
	if err != nil {
		log.Error("cannot run", "err", err)
		process.Pause(ctx)
		return 100
	}
	return code
}

// setUpAndRun opens the lock, the log's cursor and Docker, then runs the
// service. Errors come from the setup only. A container that needs the lock of
// its slot is stopped where that cannot be opened, nor Docker or service.json.
func setUpAndRun(ctx context.Context, dir string, signals *signals, log *slog.Logger) (int, error) {
	digest := control.Digest(dir, control.RunnerReads)
	service, unread := supervisor.ReadService(filepath.Join(dir, "service.json"))
	if unread != nil {
		if service = lastKnown(dir); service.Role == "" {
			return 0, unread
		}
	}
	log = log.With("service", service.Name)
	// Told to stop meanwhile, it still has a container to stop.
	unlock, err := process.TakeOver(context.WithoutCancel(ctx), filepath.Join(control.Dir, service.Name, "runner.lock"), "run", log)
	if err != nil {
		return 0, err
	}
	defer unlock()
	cursor, err := logcopy.OpenCursor(filepath.Join(hostconfig.StateDir, service.Name, "log.cursor"))
	if err != nil {
		log.Error("lines of the log will be repeated after a restart of this process", "err", err)
		if cursor, err = logcopy.MemoryCursor(); err != nil {
			return 0, err
		}
	}
	defer cursor.Close()
	docker, closed := container.Open()
	logs := &logcopy.Copier{Docker: docker, Cursor: cursor, Out: process.Pipe{FD: int(os.Stdout.Fd())}, Current: filepath.Join(supervisor.LogDir(service.Name), "current")}
	before, err := control.ReadRunner(control.Dir, service.Name)
	if err != nil {
		log.Warn("status of the last runner is unreadable", "err", err)
	}
	status := &status{RunnerStatus: firstStatus(before, service, digest, time.Now()), log: log}
	if unread != nil {
		status.RunnerStatus = before
	}
	status.PID = os.Getpid()
	r := newRunner(dir, service, docker, logs, signals, status)
	r.lock = noLock(service, log)
	if err := cmp.Or(unread, closed); err != nil {
		r.haltWithoutLock(err)
		return 0, err
	}
	lock, closeStore, err := openLock(service, log)
	switch {
	case err == nil:
		defer closeStore()
		r.lock = lock
	case ctx.Err() == nil: // else what it is told to do takes none
		r.haltWithoutLock(err)
		return 0, err
	}
	return r.run(ctx), nil
}
