package ctl

import (
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/runit"
	"rundock/supervisor"
	"rundock/supervisor/process"
)

// staleStandby says why the word of a runner that it is a standby is not believed: it is
// of one that was told to leave, whose successor may have another role.
func staleStandby(r control.RunnerStatus) string {
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return err.Error()
	}
	folders, err := runit.Detect(host.Runit.SV, host.Runit.Service)
	if err != nil {
		return err.Error()
	}
	return stale(r, folders.Dir(supervisor.Prefix+r.Service), process.IsRundockd(r.PID, "run"))
}

// stale is staleStandby for the service directory dir, where it is known whether the
// runner lives.
func stale(r control.RunnerStatus, dir string, lives bool) string {
	runner, _ := supervisor.Installed(dir)
	if !lives || r.Digest != control.Digest(runner, control.RunnerReads) {
		return "the runner has not started yet"
	}
	return ""
}
