package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"rundock/internal/control"
	"rundock/internal/module"
	"rundock/internal/runit"
	"rundock/supervisor"
	"rundock/supervisor/logger"
)

// look finds out how the service stands.
func (t *task) look() (situation, error) {
	var s situation
	var err error
	if s.Standing, err = t.unit.Look(); err != nil {
		return s, err
	}
	// An unreadable status is as good as none: the next process writes it anew.
	s.Says, _ = control.ReadRunner(t.host.run, t.p.Name)
	s.Announces, _ = control.ReadAnnounce(t.host.run, t.p.Name)
	s.Beat = control.LastBeat(t.host.run, t.p.Name)
	if s.Outer, err = module.Watch(t.unit.Dir); err != nil {
		return s, err
	}
	s.Outer.Stale = s.Outer.ScriptReplaced(t.unit.Dir)
	if s.Shape, err = t.running(s); err != nil {
		return s, err
	}
	s.Loggers = map[string]module.Process{}
	for _, part := range []struct {
		dir    string
		reads  []string
		pid    int // of the status file
		digest string
		lock   string
		into   *module.Process
	}{
		{s.Shape.runner, control.RunnerReads, s.Says.PID, s.Says.Digest, "runner.lock", &s.Runner},
		{s.Shape.sidecar, control.SidecarReads, s.Announces.PID, s.Announces.Digest, "announcer.lock", &s.Announcer},
	} {
		if part.dir == "" {
			continue
		}
		dir := filepath.Join(t.unit.Dir, part.dir)
		p, err := module.Watch(dir)
		if err != nil {
			return s, err
		}
		switch {
		case part.digest != "" && part.pid == p.Status.PID:
			p.Stale = p.Supervised && part.digest != control.Digest(dir, part.reads)
		case part.pid == 0 && !exists(filepath.Join(t.host.run, t.p.Name, part.lock)):
			// Somebody took its status away, and it writes one when it has news.
			p.Stale = p.Supervised && p.Status.State == runit.Run
		default:
			p.Stale = p.OlderThan(dir, part.reads...)
		}
		*part.into = p
		log := filepath.Join(part.dir, "log")
		logger, err := module.Watch(filepath.Join(t.unit.Dir, log))
		if err != nil {
			return s, err
		}
		logger.Stale = readsOldFiles(logger, filepath.Join(t.unit.Dir, log))
		s.Loggers[log] = logger
	}
	if dir := t.shapeOnDisk().runner; dir != "" {
		if old, err := supervisor.ReadService(filepath.Join(t.unit.Dir, dir, "service.json")); err == nil && old.Runs() {
			s.Spec = old.Container.Hash()
		}
	}
	return s, nil
}

// readsOldFiles reports whether p, a logger, has read other files than those that dir
// has now. Its environment tells; while it is not svlogd yet, it is about to read
// them.
func readsOldFiles(p module.Process, dir string) bool {
	if !p.Supervised || p.Status.State != runit.Run {
		return false
	}
	var present []byte
	for _, f := range logger.Reads {
		data, err := os.ReadFile(filepath.Join(dir, f))
		if err != nil {
			return false
		}
		present = append(present, data...)
	}
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", p.Status.PID))
	if name := string(name); name == "runsv\n" || name == "run\n" {
		return false
	}
	environment, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.Status.PID))
	for variable := range bytes.SplitSeq(environment, []byte{0}) {
		if read, ok := bytes.CutPrefix(variable, []byte(logger.Read+"=")); ok {
			return !bytes.Equal(read, bytes.TrimRight(present, "\n")) // as the shell does
		}
	}
	return p.OlderThan(dir, logger.Reads...)
}

// running is the shape of what runs, which is not that of the files when a
// call was interrupted between writing them and exchanging the processes.
//
// Only the outer process of both has no logger of its own: the runsv of a
// single process has one, and keeps it for life. The status files tell
// which single process it is.
func (t *task) running(s situation) (shape, error) {
	onDisk := t.shapeOnDisk()
	if !s.Outer.Supervised {
		return onDisk, nil
	}
	logged, err := runit.Supervised(filepath.Join(t.unit.Dir, "log"))
	switch pid := s.Outer.Status.PID; {
	case err != nil:
		return shape{}, err
	case !logged:
		return both, nil
	case pid != 0 && pid == s.Says.PID:
		return runnerAlone, nil
	case pid != 0 && pid == s.Announces.PID:
		return sidecarAlone, nil
	case onDisk == both:
		return runnerAlone, nil
	}
	return onDisk, nil
}

// shapeOnDisk is the shape of the files; that of none is empty.
func (t *task) shapeOnDisk() shape {
	has := func(dir, file string) bool {
		_, err := os.Stat(filepath.Join(t.unit.Dir, dir, file))
		return dir == "" || err == nil
	}
	for _, f := range []shape{both, runnerAlone, sidecarAlone} {
		if has(f.runner, "service.json") && has(f.sidecar, "announce.json") {
			return f
		}
	}
	return shape{}
}
