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
	"rundock/supervisor/process"
)

// Running means: the same container has been up for this long.
const steady = 2 * time.Second

// waiting is one wait for a service.
type waiting struct {
	docker *container.Client
	q      control.Request
	began  time.Time // what failed before does not count
	told   int       // process id of the runner that was told to try again now
	store  store
}

// awaited waits until the service is as q.For says. It gives up early where
// time will not help: the container cannot be made, crashes in a loop, or is
// unhealthy.
func awaited(ctx context.Context, docker *container.Client, q control.Request) control.Response {
	if q.Timeout == 0 {
		return control.Response{Error: "rundockd ctl: wait needs a timeout"}
	}
	w := waiting{docker: docker, q: q, began: q.Since}
	if w.began.IsZero() {
		w.began = time.Now()
	}
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
		if process.Wait(ctx, 50*time.Millisecond) != nil {
			answer.Error = fmt.Sprintf("%s is not %s after %ds: %s", q.Service, q.For, q.Timeout, pending)
			answer.Error += lastLog(docker, q.Service)
			return answer
		}
	}
}

// look compares what the service's processes, dockerd and the store say with
// what is waited for. pending says what is missing, "" when nothing is; an
// error is final.
func (w *waiting) look(ctx context.Context) (answer control.Response, pending string, err error) {
	a, err := control.ReadAnnounce(control.Dir, w.q.Service)
	if err != nil {
		return answer, "", err
	}
	if a.PID != 0 {
		answer.Announce = &a
	}
	if w.q.Hash == "" { // announce-only
		if w.q.For == "running" && a.PID != 0 {
			return answer, "", nil
		}
		return answer, w.announced(ctx, a), nil
	}
	r, err := control.ReadRunner(control.Dir, w.q.Service)
	if err != nil {
		return answer, "", err
	}
	answer.Runner = &r
	w.retry(r)
	if pending, err := w.runs(r); pending != "" || err != nil {
		return answer, pending, err
	}
	if r.Warning != "" {
		answer.Warnings = append(answer.Warnings, r.Warning)
	}
	// Its runner may have been stopped since it said so.
	s, err := w.docker.Inspect(ctx, r.Container)
	switch {
	case err != nil:
		return answer, err.Error(), nil
	case !s.Running:
		return answer, "the container does not run, though its runner says so", nil
	}
	if w.q.For == "announced" {
		if pending = w.announced(ctx, a); pending == "" && a.Container != r.Container {
			pending = "the announcer has not seen the new container yet"
		}
		return answer, pending, nil
	}
	up := time.Since(r.Started)
	if w.q.For == "healthy" {
		switch {
		case s.Health == "healthy":
			return answer, "", nil
		case s.Health != "":
			pending, err := health(s)
			if err != nil {
				err = errors.New(err.Error() + lastLog(w.docker, w.q.Service))
			}
			return answer, pending, err
		case up >= steady:
			answer.Warnings = append(answer.Warnings, "it has no HEALTHCHECK, so that healthy is only that it runs")
		}
	}
	if up < steady {
		pending = fmt.Sprintf("container is up for %s, wanted are %s", up.Round(time.Millisecond), steady)
	}
	return answer, pending, nil
}

// retry tells a runner that waits since before w began to try again now: what
// it failed for may be gone.
func (w *waiting) retry(r control.RunnerStatus) {
	waits := r.Phase == control.Backoff || r.Phase == control.Running && r.Error != ""
	if waits && !r.Failed.After(w.began) && r.PID != w.told && process.IsRundockd(r.PID, "run") {
		w.told = r.PID
		unix.Kill(r.PID, unix.SIGUSR2)
	}
}

// runs says what keeps the container that is waited for from running, by what
// its runner says.
func (w *waiting) runs(r control.RunnerStatus) (pending string, err error) {
	q := w.q
	old := r.Spec != q.Hash || q.Not != "" && r.Container == q.Not
	failed := r.Failed.After(w.began)
	switch {
	case r.PID == 0:
		return "no runner has written its status yet, " + filepath.Join(control.Dir, q.Service, "runner.json"), nil
	case r.Wanted != q.Hash || r.Since.Before(q.Since) && r.Container == q.Not && q.Not != "":
		return "the runner has not started yet", nil
	case failed && r.Phase == control.Backoff && (r.Crashes >= control.Looped || r.ExitCode == 0 && r.Error != ""):
		return "", errors.New(r.Error + lastLog(w.docker, q.Service))
	case failed && r.Phase == control.Running && r.Error != "": // old, or cut off from what it shares with another
		return "", fmt.Errorf("%s; the previous container goes on running", r.Error)
	case r.Phase != control.Running:
		return strings.TrimSuffix(fmt.Sprintf("%s: %s", r.Phase, r.Error), ": "), nil
	case old:
		return "the old container still runs", nil
	case r.Error != "":
		return "what failed is to be tried again: " + r.Error, nil
	}
	return "", nil
}

// announced says what keeps the service from being announced, by what its
// sidecar says and the store has.
func (w *waiting) announced(ctx context.Context, a control.AnnounceStatus) string {
	switch {
	case a.PID == 0:
		return "the announcer has not said anything yet"
	case a.State != control.Announced || a.Since.IsZero():
		return fmt.Sprintf("announcer: %s: %s", a.State, a.Reason)
	}
	missing, err := w.store.lacks(ctx, a)
	switch {
	case err != nil:
		return err.Error()
	case missing != "":
		return fmt.Sprintf("etcd has no %s, although the announcer (process %d) says that it is announced", missing, a.PID)
	}
	return ""
}

// health says what keeps a container with a HEALTHCHECK from being healthy.
// Docker calls it unhealthy once its start period is over and no retry is left:
// waiting does not help then, unless Docker itself cannot make the checks.
func health(s container.State) (pending string, err error) {
	text := fmt.Sprintf("container is %s: %s", s.Health, strings.TrimSpace(s.HealthLog))
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
