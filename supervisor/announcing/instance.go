package announcing

import (
	"fmt"
	"strings"

	"rundock/internal/announce"
	"rundock/internal/container"
)

// Instance is what an announce.Announcer is told of a container.
func Instance(s container.State) announce.Instance {
	if s.Unchecked {
		return announce.Instance{Unreachable: fmt.Errorf("docker cannot run the HEALTHCHECK: %s", strings.TrimSpace(s.HealthLog))}
	}
	return announce.Instance{
		Unreachable: s.Unreachable, Exists: s.Exists, Running: s.Running, Paused: s.Paused, ID: s.ID,
		Deployment: s.Labels[container.LabelDeployment],
		Started:    s.StartedAt, Finished: s.FinishedAt, ExitCode: s.ExitCode,
		Health: s.Health, HealthLog: s.HealthLog, Addresses: s.Addresses, HostNetwork: s.HostNetwork,
	}
}
