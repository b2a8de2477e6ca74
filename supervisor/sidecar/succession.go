package sidecar

import "rundock/internal/control"

// successionOf is which container of service has taken another's place last, as its
// runner says before it does that.
func successionOf(dir, service string) control.Succession {
	runner, err := control.ReadRunner(dir, service)
	if err != nil {
		return control.Succession{}
	}
	return runner.Succession
}
