package control

import (
	"testing"
	"time"
)

func TestReached_by_a_job(t *testing.T) {
	for _, c := range []struct {
		claim          string
		r              RunnerStatus
		pending, fatal string
	}{
		{"there is no status", RunnerStatus{}, "no runner has written its status yet", ""},
		{"the runner is of another spec", RunnerStatus{PID: 1, Wanted: "old"}, "the runner has not started yet", ""},
		{"it is being pulled", RunnerStatus{PID: 1, Wanted: "new", Phase: Pulling}, "the job has not ended: pulling", ""},
		{"it runs", RunnerStatus{PID: 1, Wanted: "new", Phase: Running, Spec: "new", Container: "b"}, "the job has not ended: running", ""},
		{"another one ended", RunnerStatus{PID: 1, Wanted: "new", Phase: Ended, Spec: "new", Container: "a"}, "the job has not ended: ended", ""},
		{"it ended well", RunnerStatus{PID: 1, Wanted: "new", Phase: Ended, Spec: "new", Container: "b"}, "", ""},
		{"it failed", RunnerStatus{PID: 1, Wanted: "new", Phase: Ended, Spec: "new", Container: "b", ExitCode: 3}, "", "the job ended with exit code 3"},
		{"it failed, and is tried again", RunnerStatus{PID: 1, Wanted: "new", Phase: Backoff, ExitCode: 3, Error: "container ended with exit code 3"}, "the job has not ended: backoff: container ended with exit code 3", ""},
	} {
		t.Run(c.claim, func(t *testing.T) {
			pending, err := Reached(c.r, AnnounceStatus{}, Want{For: "healthy", Hash: "new", Job: true, Not: "a"}, time.Now())
			fatal := ""
			if err != nil {
				fatal = err.Error()
			}
			if pending != c.pending || fatal != c.fatal {
				t.Errorf("Reached = %q, %q, want %q, %q", pending, fatal, c.pending, c.fatal)
			}
		})
	}
}
