package runner

import (
	"testing"
	"time"

	"rundock/internal/control"
	"rundock/internal/spec"
	"rundock/supervisor"
)

// TestFirstStatus: crashes, and the deployment that they are held against,
// outlive a runner as long as nobody has asked for something else.
func TestFirstStatus(t *testing.T) {
	var (
		now    = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
		s      = supervisor.Service{Name: "web", Container: spec.Container{Image: "web:2"}}
		pinned = s
		last   = control.RunnerStatus{
			Wanted: s.Container.Hash(), Digest: "d1", Phase: control.Backoff, Crashes: 4, ExitCode: 7,
			Error: "container ended with exit code 7", Deployment: "first",
		}
	)
	pinned.Pin = "sha256:1"
	other := func(change func(*control.RunnerStatus)) control.RunnerStatus {
		before := last
		change(&before)
		return before
	}
	for claim, c := range map[string]struct {
		before     control.RunnerStatus
		service    supervisor.Service
		digest     string
		crashes    int
		deployment string // "new": of now
	}{
		"after a crash both go on":                         {last, s, "d1", 4, "first"},
		"also where rundock was upgraded meanwhile":        {last, s, "d2", 4, "first"},
		"another spec is another deployment":               {other(func(b *control.RunnerStatus) { b.Wanted = "0123" }), s, "d2", 0, "new"},
		"a rollback to the same spec is one":               {last, pinned, "d2", 0, "new"},
		"what was rolled back to can crash as well":        {last, pinned, "d1", 4, "first"},
		"who stops and starts it asks for it":              {other(func(b *control.RunnerStatus) { b.Phase = control.Stopped }), s, "d1", 4, "new"},
		"a predecessor that knew of no deployment has one": {other(func(b *control.RunnerStatus) { b.Deployment = "" }), s, "d1", 4, "new"},
		"after a boot there is nothing to hold against it": {control.RunnerStatus{}, s, "d1", 0, "new"},
	} {
		t.Run(claim, func(t *testing.T) {
			got := firstStatus(c.before, c.service, c.digest, now)
			if c.deployment == "new" {
				c.deployment = "2026-11-28T12:00:00Z"
			}
			if got.Crashes != c.crashes || got.Deployment != c.deployment {
				t.Errorf("%d crashes, deployment %s; want %d and %s", got.Crashes, got.Deployment, c.crashes, c.deployment)
			}
			if (c.crashes > 0) != (got.Error == last.Error) {
				t.Errorf("error %q with %d crashes", got.Error, got.Crashes)
			}
		})
	}
}
