package report

import (
	"path/filepath"
	"strings"

	"rundock/internal/runit"
)

// within are the process ids of those of list that run in the service directory
// dir, which was deleted under them, or in a folder below it.
func within(dir string, list []runit.Process) (pids []int) {
	// A process's folder is named without links; dir itself may be gone.
	if parent, err := filepath.EvalSymlinks(filepath.Dir(dir)); err == nil {
		dir = filepath.Join(parent, filepath.Base(dir))
	}
	for _, p := range list {
		if p.Dir == dir || strings.HasPrefix(p.Dir, dir+"/") {
			pids = append(pids, p.PID)
		}
	}
	return pids
}
