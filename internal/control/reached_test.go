package control

import (
	"testing"
	"time"
)

// TestReached is what a wait makes of the status files: it goes on, with what
// is missing; it is over, with an error; or it is over well.
func TestReached(t *testing.T) {
	began := time.Unix(1000, 0)
	before, after, now := began.Add(-time.Second), began.Add(time.Second), began.Add(10*time.Second)
	up := RunnerStatus{Phase: Running, Spec: "h", Wanted: "h", Container: "c", Started: before}
	but := func(change func(*RunnerStatus)) RunnerStatus { r := up; change(&r); return r }
	announced := AnnounceStatus{PID: 8, State: Announced, Container: "c"}
	waits := AnnounceStatus{PID: 8, State: Unhealthy, Reason: "HEALTHCHECK: starting", Container: "c"}
	for _, c := range []struct {
		name     string
		want     Want
		runner   RunnerStatus
		announce AnnounceStatus
		pending  string // "fails: ..." is final
	}{
		{"it runs", Want{For: "running"}, up, AnnounceStatus{}, ""},
		{"it runs, and docker is to be asked how healthy it is", Want{For: "healthy"}, but(func(r *RunnerStatus) { r.Started = now }), AnnounceStatus{}, ""},
		{"it runs since a second", Want{For: "running"}, but(func(r *RunnerStatus) { r.Started = now.Add(-time.Second) }), AnnounceStatus{}, "container is up for 1s, wanted are 2s"},
		{"no runner has started since boot", Want{For: "running"}, RunnerStatus{}, AnnounceStatus{}, "no runner has written its status yet"},
		{"the runner has read another spec", Want{For: "running"}, but(func(r *RunnerStatus) { r.Wanted, r.Spec = "old", "old" }), AnnounceStatus{}, "the runner has not started yet"},
		{"the old container goes on meanwhile", Want{For: "running"}, but(func(r *RunnerStatus) { r.Spec = "old" }), AnnounceStatus{}, "the old container still runs"},
		{"it has to be another container", Want{For: "running", Not: "c"}, but(func(r *RunnerStatus) { r.Since = after }), AnnounceStatus{}, "the old container still runs"},
		{"the runner has not heard that it has to", Want{For: "running", Not: "c"}, but(func(r *RunnerStatus) { r.Since = before }), AnnounceStatus{}, "the runner has not started yet"},
		{"it is another container", Want{For: "running", Not: "b"}, up, AnnounceStatus{}, ""},
		{"it pulls", Want{For: "running"}, RunnerStatus{Phase: Pulling, Wanted: "h"}, AnnounceStatus{}, "pulling"},
		{"what failed before is tried again", Want{For: "running"}, RunnerStatus{Phase: Backoff, Wanted: "h", Crashes: 20, Failed: before, Since: after, Error: "no such host"}, AnnounceStatus{}, "backoff: no such host"},
		{"what fails now is told", Want{For: "running"}, RunnerStatus{Phase: Backoff, Wanted: "h", Failed: after, Since: before, Error: "no such host"}, AnnounceStatus{}, "fails: no such host"},
		{"a first crash is none of a loop", Want{For: "running"}, RunnerStatus{Phase: Backoff, Wanted: "h", Crashes: 1, ExitCode: 7, Failed: after, Error: "container ended with exit code 7"}, AnnounceStatus{}, "backoff: container ended with exit code 7"},
		{"a third is", Want{For: "running"}, RunnerStatus{Phase: Backoff, Wanted: "h", Crashes: 3, ExitCode: 7, Failed: after, Error: "container ended with exit code 7"}, AnnounceStatus{}, "fails: container ended with exit code 7"},
		{"the wanted one could not be made before", Want{For: "running"}, but(func(r *RunnerStatus) { r.Spec, r.Failed, r.Error = "old", before, "no such host" }), AnnounceStatus{}, "the old container still runs"},
		{"the wanted one cannot be made", Want{For: "running"}, but(func(r *RunnerStatus) { r.Spec, r.Failed, r.Error = "old", after, "no such host" }), AnnounceStatus{}, "fails: no such host; the previous container goes on running"},
		{"it is the wanted one, and could not be made anew before", Want{For: "running"}, but(func(r *RunnerStatus) { r.Failed, r.Error = before, "no such host" }), AnnounceStatus{}, "what failed is to be tried again: no such host"},
		{"it is the wanted one, and cannot be made anew", Want{For: "running"}, but(func(r *RunnerStatus) {
			r.Failed, r.Error = after, "container web, whose network it is in, does not run"
		}), AnnounceStatus{}, "fails: container web, whose network it is in, does not run; the previous container goes on running"},
		{"it is a standby", Want{For: "running"}, RunnerStatus{Phase: Standby, Wanted: "h", Error: "it runs on node-2"}, AnnounceStatus{}, ""},
		{"also where it is to be announced", Want{For: "announced"}, RunnerStatus{Phase: Standby, Wanted: "h", Error: "it runs on node-2"}, waits, ""},
		{"it is a standby of another spec", Want{For: "running"}, RunnerStatus{Phase: Standby, PID: 7, Wanted: "old"}, AnnounceStatus{}, "the runner has not started yet"},
		{"it does not know whose the slot's lock is", Want{For: "running"}, RunnerStatus{Phase: Waiting, PID: 7, Wanted: "h", Error: "the lock cannot be had"}, AnnounceStatus{}, "waiting: the lock cannot be had"},

		{"it is announced, however short it is up", Want{For: "announced"}, but(func(r *RunnerStatus) { r.Started = now }), announced, ""},
		{"it runs and is not announced yet", Want{For: "announced"}, up, waits, "sidecar: waiting: HEALTHCHECK: starting"},
		{"its sidecar has not started", Want{For: "announced"}, up, AnnounceStatus{}, "the sidecar has not said anything yet"},
		{"the one before it is announced", Want{For: "announced"}, but(func(r *RunnerStatus) { r.Container = "d" }), announced, "the sidecar has not seen the new container yet"},
		{"it is announced and does not run", Want{For: "announced"}, RunnerStatus{Phase: Stopping, Wanted: "h"}, announced, "stopping"},

		{"without container, running is a sidecar at work", Want{For: "running", Hash: "none"}, RunnerStatus{}, waits, ""},
		{"which has to have said something", Want{For: "running", Hash: "none"}, RunnerStatus{}, AnnounceStatus{}, "the sidecar has not said anything yet"},
		{"without container, healthy is announced", Want{For: "healthy", Hash: "none"}, RunnerStatus{}, waits, "sidecar: waiting: HEALTHCHECK: starting"},
		{"whatever container the sidecar speaks of", Want{For: "announced", Hash: "none"}, RunnerStatus{}, announced, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Since = began
			switch {
			case c.want.Hash == "none":
				c.want.Hash = ""
			default:
				c.want.Hash = "h"
			}
			if c.runner.Phase != "" {
				c.runner.PID = 7
			}
			got, err := Reached(c.runner, c.announce, c.want, now)
			if err != nil {
				got = "fails: " + err.Error()
			}
			if got != c.pending {
				t.Errorf("Reached says %q, want %q", got, c.pending)
			}
		})
	}
}
