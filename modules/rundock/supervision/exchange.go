package supervision

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"rundock/internal/runit"
	"rundock/modules/rundock/plan"
)

// changeShape has the processes leave for those of another shape. The container goes
// on, where there is to be one, and so does its announcement. The service's runsv
// leaves as well, since it keeps its logger, or the lack of one, for life.
func (s *Service) changeShape(now plan.Situation, w plan.Wanted, stopping time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopping)
	defer cancel()
	if now.Shape.Sidecar != "" && w.Shape.Sidecar == "" {
		if err := runit.Stop(ctx, filepath.Join(s.Unit.Dir, now.Shape.Sidecar)); err != nil {
			return err
		}
	}
	// A container that is not to be any more is stopped by Exit's TERM.
	if now.Shape.Runner == "" || w.Shape.Runner != "" {
		if err := runit.Leave(ctx, s.Unit.Dir); err != nil {
			return err
		}
	}
	if err := s.Unit.Unlink(); err != nil {
		return err
	}
	err := runit.Exit(ctx, s.Unit.Dir, s.warnLostLog)
	if err == nil {
		err = s.clearOthers(ctx, w.Shape)
	}
	// Also when that failed: what was enabled stays so.
	return errors.Join(err, s.enable(ctx, w.Shape))
}

// clearOthers removes the files of runsvs of another shape than f from the service
// directory, which nobody supervises now. Inner runsvs whose parent was killed hand
// over first.
func (s *Service) clearOthers(ctx context.Context, f plan.Shape) error {
	if f == plan.Both {
		return runit.Clear(filepath.Join(s.Unit.Dir, "log"))
	}
	if err := s.endNested(ctx); err != nil {
		return err
	}
	for _, d := range []string{plan.Both.Sidecar, plan.Both.Runner} {
		d = filepath.Join(s.Unit.Dir, d)
		if err := runit.Leave(ctx, d); err != nil {
			return err
		}
		if err := runit.Exit(ctx, d, s.warnLostLog); err != nil {
			return err
		}
		if err := runit.Clear(d); err != nil {
			return err
		}
		os.Remove(filepath.Dir(d)) // stays where somebody keeps something in it
	}
	return nil
}

// endNested ends the runsvdir of a service with a sidecar whose parent was killed,
// which would have ended it.
func (s *Service) endNested(ctx context.Context) error {
	return runit.EndScanners(ctx, filepath.Join(s.Unit.Dir, filepath.Dir(plan.Both.Runner)))
}
