package look

import (
	"os"
	"path/filepath"

	"rundock/internal/runit"
	"rundock/modules/rundock/plan"
)

// running is the shape of what runs for the service directory dir, which is not that
// of the files when a call was interrupted between writing them and exchanging the
// processes.
//
// Only the outer process of both has no logger of its own: the runsv of a
// single process has one, and keeps it for life. The status files tell
// which single process it is.
func running(dir string, s plan.Situation) (plan.Shape, error) {
	onDisk := ShapeOnDisk(dir)
	if !s.Outer.Supervised {
		return onDisk, nil
	}
	logged, err := runit.Supervised(filepath.Join(dir, "log"))
	switch pid := s.Outer.Status.PID; {
	case err != nil:
		return plan.Shape{}, err
	case !logged:
		return plan.Both, nil
	case pid != 0 && pid == s.Says.PID:
		return plan.RunnerAlone, nil
	case pid != 0 && pid == s.Announces.PID:
		return plan.SidecarAlone, nil
	case onDisk == plan.Both:
		return plan.RunnerAlone, nil
	}
	return onDisk, nil
}

// ShapeOnDisk is the shape of the files in the service directory dir; that of none is
// empty.
func ShapeOnDisk(dir string) plan.Shape {
	has := func(part, file string) bool {
		_, err := os.Stat(filepath.Join(dir, part, file))
		return part == "" || err == nil
	}
	for _, f := range []plan.Shape{plan.Both, plan.RunnerAlone, plan.SidecarAlone} {
		if has(f.Runner, "service.json") && has(f.Sidecar, "announce.json") {
			return f
		}
	}
	return plan.Shape{}
}
