package supervision

import (
	"context"
	"errors"
	"path/filepath"
	"syscall"
	"time"

	"rundock/internal/module"
	"rundock/internal/runit"
	"rundock/modules/rundock/plan"
)

// Act brings the processes to the files. stopping is how long the old ones
// may take to stop.
func (s *Service) Act(now plan.Situation, w plan.Wanted, p plan.Plan, stopping time.Duration) error {
	if p.Exchange {
		if err := s.changeShape(now, w, stopping); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), module.Patience)
	defer cancel()
	if p.Acts() {
		if err := s.evict(ctx, syscall.SIGHUP); err != nil {
			return err
		}
	}
	if p.Enable {
		if !now.Outer.Supervised {
			if err := s.clearOthers(ctx, w.Shape); err != nil {
				return err
			}
		}
		if err := s.enable(ctx, w.Shape); err != nil {
			return err
		}
	}
	for _, c := range p.Commands {
		if err := s.sendLetter(ctx, c.Dir, c.Letter); err != nil {
			return err
		}
	}
	if p.Clear {
		if err := s.RemoveContainer(); err != nil {
			return err
		}
	}
	if p.Acts() {
		s.awaitCommands(ctx, now, w, p)
	}
	switch {
	case p.Replace:
		return s.sendLetter(ctx, w.Shape.Runner, "1")
	case p.Retry && !s.Waits: // who waits has it done
		return s.sendLetter(ctx, w.Shape.Runner, "2")
	}
	return nil
}

// enable has runsvdir supervise the service, whose inner services, where it has any, are found at once.
func (s *Service) enable(ctx context.Context, f plan.Shape) error {
	if f == plan.Both {
		if err := runit.Age(filepath.Join(s.Unit.Dir, filepath.Dir(f.Runner))); err != nil {
			return err
		}
	}
	return s.Unit.EnableBeside(ctx, s.Beside)
}

// sendLetter writes a letter to the runsv of dir. It tries on while there is none: an
// inner runsv may not be up yet after a start just before.
func (s *Service) sendLetter(ctx context.Context, dir, letter string) error {
	for {
		err := runit.Control(filepath.Join(s.Unit.Dir, dir), letter)
		if !errors.Is(err, runit.ErrNotSupervised) || ctx.Err() != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// awaitCommands waits until the runsvs have done what p told them, and the processes
// that were started or told to hand over have successors that have written their
// status. Before that the result, or a later call, would see what was before, and a
// signal would be lost. wait tells of a process that never comes up.
func (s *Service) awaitCommands(ctx context.Context, before plan.Situation, w plan.Wanted, p plan.Plan) {
	for ctx.Err() == nil {
		if now, err := s.Look(); err == nil && p.TookEffect(w.Shape, before, now) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
