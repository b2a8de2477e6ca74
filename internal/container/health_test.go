package container

import (
	"testing"

	"github.com/docker/docker/api/types/container"
)

// The outputs are those of dockerd 20.10 with its containerd killed, with a
// check that takes too long, and with one that is not in the image.
func TestUnchecked(t *testing.T) {
	lost := &container.HealthcheckResult{ExitCode: -1, Output: `connection error: desc = "transport: Error while dialing dial unix /var/run/docker/containerd/containerd.sock: connect: connection refused": unavailable`}
	late := &container.HealthcheckResult{ExitCode: -1, Output: "Health check exceeded timeout (1s)"}
	absent := &container.HealthcheckResult{ExitCode: -1, Output: `OCI runtime exec failed: exec failed: unable to start container process: exec: "curl": executable file not found in $PATH: unknown`}
	failed := &container.HealthcheckResult{ExitCode: 1, Output: "503: unavailable"}
	well := &container.HealthcheckResult{}
	for claim, c := range map[string]struct {
		streak int
		log    []*container.HealthcheckResult
		want   bool
	}{
		"when containerd is away":                     {3, []*container.HealthcheckResult{well, lost, lost, lost}, true},
		"when it is away for longer than the log":     {9, []*container.HealthcheckResult{lost, lost, lost, lost, lost}, true},
		"not when one check of the streak failed":     {3, []*container.HealthcheckResult{failed, lost, lost}, false},
		"not when checks take too long":               {3, []*container.HealthcheckResult{late, late, late}, false},
		"not when the image lacks the check":          {3, []*container.HealthcheckResult{absent, absent, absent}, false},
		"not when the check says unavailable":         {1, []*container.HealthcheckResult{failed}, false},
		"not when nothing was checked yet":            {0, nil, false},
		"not for an old failure that was made up for": {0, []*container.HealthcheckResult{lost, well}, false},
	} {
		t.Run(claim, func(t *testing.T) {
			if got := unchecked(&container.Health{FailingStreak: c.streak, Log: c.log}); got != c.want {
				t.Errorf("unchecked = %v, want %v", got, c.want)
			}
		})
	}
}
