package ctl

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/pause"
	"rundock/supervisor/process"
)

// waiting is one wait for a service.
type waiting struct {
	docker *container.Client
	q      control.Request
	told   int // process id of the runner that was told to try again now
	store  store
}

// awaited waits until the service is as q.Want says. It gives up early where
// time will not help: the container cannot be made, crashes in a loop, or is
// unhealthy.
func awaited(ctx context.Context, docker *container.Client, q control.Request) control.Response {
	if q.Timeout == 0 {
		return control.Response{Error: "rundockd ctl: wait needs a timeout"}
	}
	if q.Since.IsZero() {
		q.Since = time.Now()
	}
	w := waiting{docker: docker, q: q}
	defer w.store.close()
	last := ""
	for {
		answer, pending, err := w.look(ctx)
		if ctx.Err() != nil && last != "" {
			pending, err = last, nil // what look says now is that its time is over
		}
		last = pending
		switch {
		case err != nil:
			answer.Error = fmt.Sprintf("%s: %v", q.Service, err)
			return answer
		case pending == "":
			return answer
		}
		if pause.For(ctx, 50*time.Millisecond) != nil {
			answer.Error = q.Late() + ": " + pending + lastLog(docker, q.Service)
			return answer
		}
	}
}

// look reads the status files, and asks dockerd and the store for what those
// cannot tell. pending says what is missing, "" when nothing is; an error is
// final.
func (w *waiting) look(ctx context.Context) (answer control.Response, pending string, err error) {
	a, err := control.ReadAnnounce(control.Dir, w.q.Service)
	if err != nil {
		return answer, "", err
	}
	if a.PID != 0 {
		answer.Announce = &a
	}
	var r control.RunnerStatus
	if w.q.Hash != "" {
		if r, err = control.ReadRunner(control.Dir, w.q.Service); err != nil {
			return answer, "", err
		}
		answer.Runner = &r
		w.retry(r)
	}
	pending, err = control.Reached(r, a, w.q.Want, time.Now())
	if err != nil {
		if r.Phase == control.Backoff || r.Phase == control.Ended {
			err = errors.New(err.Error() + lastLog(w.docker, w.q.Service))
		}
		return answer, "", err
	}
	if r.Phase == control.Running && r.Warning != "" {
		answer.Warnings = append(answer.Warnings, r.Warning)
	}
	switch {
	case pending != "" && w.q.Hash != "" && r.PID == 0:
		return answer, pending + ", " + filepath.Join(control.Dir, w.q.Service, "runner.json"), nil
	case pending != "":
		return answer, pending, w.unannounceable(ctx, r)
	case a.Drained || w.q.Hash != "" && r.Phase == control.Drained:
		why, _ := control.ReadDrain(hostconfig.StateDir)
		answer.Warnings = append(answer.Warnings, why.String()+": it does not run before rundockd undrain")
		return answer, "", nil
	}
	if w.q.Job {
		return answer, "", nil
	}
	if w.q.Hash != "" && r.Phase == control.Standby {
		return answer, staleStandby(r), nil
	}
	if w.q.Hash != "" {
		s, err := w.docker.Inspect(ctx, r.Container)
		if err != nil {
			return answer, err.Error(), nil
		}
		pending, warning, err := judge(s, r, w.q.Want, time.Now())
		if warning != "" {
			answer.Warnings = append(answer.Warnings, warning)
		}
		if err != nil {
			err = errors.New(err.Error() + lastLog(w.docker, w.q.Service))
		}
		if pending != "" || err != nil {
			return answer, pending, err
		}
	}
	if w.q.For == "announced" || w.q.For == "healthy" && w.q.Hash == "" {
		pending = w.stored(ctx, a)
	}
	return answer, pending, nil
}

// judge compares what dockerd says of the container that runs by what its
// runner says with want: the runner may have been stopped since, and knows
// nothing of its health.
func judge(s container.State, r control.RunnerStatus, want control.Want, now time.Time) (pending, warning string, fatal error) {
	switch {
	case !s.Running:
		return "the container does not run, though its runner says so", "", nil
	case s.Paused && r.Pause.Covers(s.ID, now):
		return "the container is paused for a moment by its runner", "", nil
	case s.Paused:
		return "", "", fmt.Errorf("the container is paused: docker unpause %s", s.Name)
	case len(s.Lacks(r.Lacks)) > 0:
		return "", "", fmt.Errorf("the container was taken off network %s, in which its settings have it: state=restarted makes it anew", strings.Join(s.Lacks(r.Lacks), ", "))
	case want.For != "healthy" || s.Health == "healthy":
		return "", "", nil
	case s.Health != "":
		pending, fatal = health(s)
		return pending, "", fatal
	}
	want.For = "running"
	pending, fatal = control.Reached(r, control.AnnounceStatus{}, want, now)
	if pending == "" && fatal == nil {
		warning = "it has no HEALTHCHECK, so that healthy is only that it runs"
	}
	return pending, warning, fatal
}

// retry tells a runner that waits since before this wait to try again now: what
// it failed for may be gone.
func (w *waiting) retry(r control.RunnerStatus) {
	waits := r.Phase == control.Backoff || r.Phase == control.Running && r.Error != ""
	if waits && !r.Failed.After(w.q.Since) && r.PID != w.told && process.IsRundockd(r.PID, "run") {
		w.told = r.PID
		unix.Kill(r.PID, unix.SIGUSR2)
	}
}

// stored says what the store lacks of the records that the sidecar says are
// announced.
func (w *waiting) stored(ctx context.Context, a control.AnnounceStatus) string {
	missing, err := w.store.lacks(ctx, a)
	switch {
	case err != nil:
		return err.Error()
	case missing != "":
		return fmt.Sprintf("%s has no %s, although the sidecar (process %d) says that it is announced", w.store.name, missing, a.PID)
	}
	return ""
}

// health says what keeps a container with a HEALTHCHECK from being healthy.
// Docker calls it unhealthy once its start period is over and no retry is left:
// waiting does not help then, unless Docker itself cannot make the checks.
func health(s container.State) (pending string, err error) {
	text := strings.TrimSuffix(fmt.Sprintf("container is %s: %s", s.Health, strings.TrimSpace(s.HealthLog)), ": ")
	if s.Health == "unhealthy" && !s.Unchecked {
		return "", errors.New(text)
	}
	return text, nil
}

// lastLog is the end of the container's log, to go into an error message.
func lastLog(docker *container.Client, service string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	text, err := docker.Tail(ctx, service, 10)
	if err != nil || text == "" {
		return ""
	}
	why := docker.WhyNotExecutable(ctx, service, text)
	if why != "" {
		why = "; " + why
	}
	return why + "; its last log lines:\n" + strings.TrimRight(text, "\n")
}
