package runner

import (
	"context"
	"fmt"
	"time"

	"rundock/internal/complaint"
	"rundock/internal/container"
	"rundock/internal/control"
)

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
