package ctl

import (
	"testing"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
)

// TestJudge is what dockerd adds to the status of a runner that says that the
// wanted container runs.
func TestJudge(t *testing.T) {
	now := time.Unix(1000, 0)
	up := container.State{Exists: true, Running: true, ID: "c"}
	with := func(health, says string) container.State {
		s := up
		s.Health, s.HealthLog = health, says
		return s
	}
	unchecked := with("unhealthy", "containerd: unavailable\n")
	unchecked.Unchecked = true
	paused := with("healthy", "")
	paused.Paused, paused.Name = true, "web"
	revived := paused
	revived.ID = "revived"
	apart, back := up, up
	apart.ID, back.ID, back.NetworkIDs = "apart", "apart", map[string]string{"apps": "1"}
	for _, c := range []struct {
		claim string
		wait  string
		state container.State
		up    time.Duration
		want  string // "fails: ..." is final, "warns: ..." is reached
	}{
		{"it runs", "running", up, time.Minute, ""},
		{"whatever its HEALTHCHECK says", "running", with("unhealthy", "refused"), time.Minute, ""},
		{"its runner was killed, and then it ended", "running", container.State{Exists: true, ID: "c"}, time.Minute, "the container does not run, though its runner says so"},
		{"or was removed", "announced", container.State{}, time.Minute, "the container does not run, though its runner says so"},
		{"one that is paused does nothing", "running", paused, time.Minute, "fails: the container is paused: docker unpause web"},
		{"whatever was seen of it before", "healthy", paused, time.Minute, "fails: the container is paused: docker unpause web"},
		{"unless its runner does so for a moment", "running", revived, time.Minute, "the container is paused for a moment by its runner"},
		{"it was taken off a network", "running", apart, time.Minute, "fails: the container was taken off network apps, in which its settings have it: state=restarted makes it anew"},
		{"into which it was put back since", "running", back, time.Minute, ""},
		{"it is healthy, however short it is up", "healthy", with("healthy", ""), 0, ""},
		{"it is not checked yet", "healthy", with("starting", "refused\n"), time.Minute, "container is starting: refused"},
		{"unhealthy is final, as Docker has tried all that it was told to", "healthy", with("unhealthy", "refused\n"), time.Minute, "fails: container is unhealthy: refused"},
		{"but not where Docker could not check", "healthy", unchecked, time.Minute, "container is unhealthy: containerd: unavailable"},
		{"what has no HEALTHCHECK has to run for a while", "healthy", up, time.Second, "container is up for 1s, wanted are 2s"},
		{"and that is all that is known then", "healthy", up, time.Minute, "warns: it has no HEALTHCHECK, so that healthy is only that it runs"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			r := control.RunnerStatus{PID: 7, Phase: control.Running, Spec: "h", Wanted: "h", Container: "c", Started: now.Add(-c.up)}
			switch c.state.ID {
			case "revived":
				r.Pause = &control.Pause{Container: c.state.ID, Began: now.Add(-time.Second)}
			case "apart":
				r.Lacks = []string{"apps"}
			}
			got, warning, fatal := judge(c.state, r, control.Want{For: c.wait, Hash: "h"}, now)
			switch {
			case fatal != nil:
				got = "fails: " + fatal.Error()
			case warning != "":
				got += "warns: " + warning
			}
			if got != c.want {
				t.Errorf("judge says %q, want %q", got, c.want)
			}
		})
	}
}
