package task

import (
	"path/filepath"

	"rundock/supervisor"
)

// readRunner is the service of the service directory dir as its runner reads it; the zero
// where there is no runner.
func readRunner(dir string) (s supervisor.Service, err error) {
	if runner, _ := supervisor.Installed(dir); runner != "" {
		s, err = supervisor.ReadService(filepath.Join(runner, "service.json"))
	}
	return s, err
}
