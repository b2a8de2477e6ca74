package supervision

import (
	"cmp"
	"context"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"rundock/internal/module"
	"rundock/internal/runit"
	"rundock/modules/rundock/plan"
	"rundock/supervisor"
)

// IsSupervised reports whether any runsv supervises a part of the service, or anything
// runs in a directory of it that was deleted.
func (s *Service) IsSupervised(now plan.Situation) bool {
	if now.Outer.Supervised {
		return true
	}
	for _, d := range s.parts() {
		if on, err := runit.Supervised(d); err == nil && on {
			return true
		}
	}
	return len(runit.Deserted(s.Unit.Dir)) > 0
}

// StopAll stops the whole service, which is not linked any more. It kills what does
// not end in time; a container that then runs on without a supervisor is for stop.
func (s *Service) StopAll() error {
	stopping := s.Stopping()
	if s.leaveAll(stopping) == nil {
		return nil
	}
	s.Warn("%s has not stopped within %s and was killed", s.Name, stopping)
	if err := module.Kill(s.parts()...); err != nil {
		return err
	}
	return s.leaveAll(module.Patience)
}

// leaveAll has every runsv of the service leave within timeout, and what runs in a
// directory of it that was deleted.
func (s *Service) leaveAll(timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	watched := s.watchLoggers(ctx)
	defer watched()
	defer cancel()
	for i, d := range s.parts() {
		if err := runit.Exit(ctx, d, s.warnLostLog); err != nil {
			return err
		}
		if i == 0 {
			if err := s.endNested(ctx); err != nil {
				return err
			}
		}
	}
	return s.evict(ctx, syscall.SIGTERM)
}

// watchLoggers kills loggers of inner services that hold up the outer script, which
// stops sidecar and container one after the other, until ctx is done. ended waits
// for its end.
func (s *Service) watchLoggers(ctx context.Context) (ended func()) {
	var all sync.WaitGroup
	for _, d := range s.parts()[1:] {
		all.Go(func() { runit.Left(ctx, d, s.warnLostLog) })
	}
	return all.Wait
}

// Stopping is how long the service may take to stop: its drain and its
// container's stop timeout, as they are in the files that run, and time for
// Docker and the store.
func (s *Service) Stopping() time.Duration {
	seconds := 0
	for _, f := range []plan.Shape{plan.Both, plan.RunnerAlone} {
		if written, err := supervisor.ReadService(filepath.Join(s.Unit.Dir, f.Runner, "service.json")); err == nil {
			seconds = max(seconds, cmp.Or(written.StopTimeout, supervisor.DefaultStopTimeout))
		}
	}
	for _, f := range []plan.Shape{plan.Both, plan.SidecarAlone} {
		if a, err := supervisor.ReadAnnounce(filepath.Join(s.Unit.Dir, f.Sidecar, "announce.json")); err == nil {
			seconds += a.Drain
		}
	}
	return time.Duration(seconds)*time.Second + s.Slack
}
