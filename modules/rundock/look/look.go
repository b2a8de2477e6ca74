// Package look finds out how a service stands on the host: what runsvs, status files and
// service directories say, as a plan.Situation. It asks neither Docker nor the network,
// executes nothing and changes nothing.
package look

import (
	"path/filepath"

	"rundock/internal/control"
	"rundock/internal/module"
	"rundock/internal/runit"
	"rundock/modules/rundock/plan"
	"rundock/supervisor"
)

// Place is a service on this host.
type Place struct {
	Name string
	Unit module.Unit // docker-<name>
	Run  string      // the folder of status files, of all services
}

// Look finds out how the service stands.
func (p Place) Look() (plan.Situation, error) {
	var s plan.Situation
	var err error
	if s.Standing, err = p.Unit.Look(); err != nil {
		return s, err
	}
	// An unreadable status is as good as none: the next process writes it anew.
	s.Says, _ = control.ReadRunner(p.Run, p.Name)
	s.Announces, _ = control.ReadAnnounce(p.Run, p.Name)
	s.Beat = control.LastBeat(p.Run, p.Name)
	if s.Outer, err = module.Watch(p.Unit.Dir); err != nil {
		return s, err
	}
	s.Outer.Stale = s.Outer.ScriptReplaced(p.Unit.Dir)
	if s.Shape, err = running(p.Unit.Dir, s); err != nil {
		return s, err
	}
	s.Loggers = map[string]module.Process{}
	logs := supervisor.LogDir(p.Name)
	if dir := s.Shape.Runner; dir != "" {
		says := written{s.Says.PID, s.Says.Digest, control.RunnerReads, "runner.lock", logs}
		if s.Runner, err = p.lookHalf(&s, dir, says); err != nil {
			return s, err
		}
	}
	if dir := s.Shape.Sidecar; dir != "" {
		says := written{s.Announces.PID, s.Announces.Digest, control.SidecarReads, "announcer.lock", filepath.Join(logs, "announce")}
		if s.Announcer, err = p.lookHalf(&s, dir, says); err != nil {
			return s, err
		}
	}
	if dir := ShapeOnDisk(p.Unit.Dir).Runner; dir != "" {
		if old, err := supervisor.ReadService(filepath.Join(p.Unit.Dir, dir, "service.json")); err == nil && old.Runs() {
			s.Spec = old.Container.Hash()
		}
	}
	return s, nil
}

// written is what tells of a runner or sidecar which files it has read, and where it logs.
type written struct {
	pid    int // of the status file
	digest string
	reads  []string
	lock   string
	logs   string // the folder to which its logger writes
}

// lookHalf reads how the runner or the sidecar stands, whose folder of the service
// directory is part, and its logger, which it adds to s.
func (p Place) lookHalf(s *plan.Situation, part string, w written) (module.Process, error) {
	dir := filepath.Join(p.Unit.Dir, part)
	half, err := module.Watch(dir)
	if err != nil {
		return half, err
	}
	switch {
	case w.digest != "" && w.pid == half.Status.PID:
		half.Stale = half.Supervised && w.digest != control.Digest(dir, w.reads)
	case w.pid == 0 && !Exists(filepath.Join(p.Run, p.Name, w.lock)):
		// Somebody took its status away, and it writes one when it has news.
		half.Stale = half.Supervised && half.Status.State == runit.Run
	default:
		half.Stale = half.OlderThan(dir, w.reads...)
	}
	logger, err := module.Watch(filepath.Join(dir, "log"))
	logger.Stale = err == nil && (readsOldFiles(logger, filepath.Join(dir, "log")) || logger.HasDeleted(filepath.Join(w.logs, "current")))
	s.Loggers[filepath.Join(part, "log")] = logger
	return half, err
}
