package ctl

import (
	"strings"
	"testing"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
)

// TestRuns is what a wait makes of a runner's status: it goes on, with what is
// missing; it is over, with an error; or the container runs.
func TestRuns(t *testing.T) {
	began := time.Unix(1000, 0)
	before, after := began.Add(-time.Second), began.Add(time.Second)
	docker, err := container.Open()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		not    string // the container that must have been replaced
		status control.RunnerStatus
		want   string // "fails: ..." is final
	}{
		{"it runs", "", control.RunnerStatus{Phase: control.Running, Spec: "h", Wanted: "h", Container: "c"}, ""},
		{"the runner has read another spec", "", control.RunnerStatus{Phase: control.Running, Spec: "old", Wanted: "old", Container: "c"}, "the runner has not started yet"},
		{"the old container goes on meanwhile", "", control.RunnerStatus{Phase: control.Running, Spec: "old", Wanted: "h", Container: "c"}, "the old container still runs"},
		{"it has to be another container", "c", control.RunnerStatus{Phase: control.Running, Spec: "h", Wanted: "h", Container: "c", Since: after}, "the old container still runs"},
		{"it pulls", "", control.RunnerStatus{Phase: control.Pulling, Wanted: "h"}, "pulling"},
		{"what failed before is tried again", "", control.RunnerStatus{Phase: control.Backoff, Wanted: "h", Crashes: 20, Failed: before, Since: after, Error: "no such host"}, "backoff: no such host"},
		{"what fails now is told", "", control.RunnerStatus{Phase: control.Backoff, Wanted: "h", Failed: after, Since: before, Error: "no such host"}, "fails: no such host"},
		{"a first crash is none of a loop", "", control.RunnerStatus{Phase: control.Backoff, Wanted: "h", Crashes: 1, ExitCode: 7, Failed: after, Error: "container ended with exit code 7"}, "backoff: container ended with exit code 7"},
		{"a third is", "", control.RunnerStatus{Phase: control.Backoff, Wanted: "h", Crashes: 3, ExitCode: 7, Failed: after, Error: "container ended with exit code 7"}, "fails: container ended with exit code 7"},
		{"the wanted one could not be made before", "", control.RunnerStatus{Phase: control.Running, Spec: "old", Wanted: "h", Failed: before, Error: "no such host"}, "the old container still runs"},
		{"it is the wanted one, and could not be made anew before", "", control.RunnerStatus{Phase: control.Running, Spec: "h", Wanted: "h", Failed: before, Error: "no such host"}, "what failed is to be tried again: no such host"},
		{"it is the wanted one, and cannot be made anew", "", control.RunnerStatus{Phase: control.Running, Spec: "h", Wanted: "h", Failed: after, Error: "container web, whose network it is in, does not run"}, "fails: container web, whose network it is in, does not run; the previous container goes on running"},
		{"the wanted one cannot be made", "", control.RunnerStatus{Phase: control.Running, Spec: "old", Wanted: "h", Failed: after, Error: "no such host"}, "fails: no such host; the previous container goes on running"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := waiting{docker: docker, q: control.Request{Service: "none", Hash: "h", Not: c.not}, began: began}
			c.status.PID = 7
			got, err := w.runs(c.status)
			if err != nil {
				got = "fails: " + err.Error()
			}
			if got != c.want {
				t.Errorf("runs says %q, want %q", got, c.want)
			}
		})
	}
}

func TestHealth_is_waited_for_while_that_can_help(t *testing.T) {
	for _, c := range []struct {
		state   container.State
		pending bool
	}{
		{container.State{Health: "starting", HealthLog: "refused\n"}, true},
		{container.State{Health: "unhealthy", HealthLog: "refused\n"}, false},
		{container.State{Health: "unhealthy", HealthLog: "containerd: unavailable\n", Unchecked: true}, true},
	} {
		pending, err := health(c.state)
		if (err == nil) != c.pending {
			t.Errorf("%s, unchecked %v: final error %v, want that it goes on: %v", c.state.Health, c.state.Unchecked, err, c.pending)
		}
		if err != nil {
			pending = err.Error()
		}
		if want := "container is " + c.state.Health + ": " + strings.TrimSpace(c.state.HealthLog); pending != want {
			t.Errorf("it says %q, want %q", pending, want)
		}
	}
}
