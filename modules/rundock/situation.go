package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"rundock/internal/control"
	"rundock/internal/runit"
	"rundock/supervisor"
)

// situation is how a service stands on the host, from files alone.
type situation struct {
	Installed bool    // the service directory is there
	Enabled   bool    // runsvdir is told to supervise it
	Held      bool    // an administrator's hidden link keeps it disabled
	Shape     shape   // of what runs; without Outer.Supervised, of the files
	Spec      string  // hash of the container in the files; "" for none
	Outer     process // of the service directory
	Runner    process // the same as Outer where there is no sidecar
	Announcer process // the same as Outer where there is no container
	Loggers   map[string]process
	Says      control.RunnerStatus
	Announces control.AnnounceStatus
}

// process is what a runsv says of its process.
type process struct {
	Supervised bool
	Status     runit.Status
	Stale      bool // it is older than a file that it read at its start
}

// up reports whether the process runs, and is to go on running.
func (p process) up() bool {
	return p.Supervised && !p.Status.WantDown && !p.Status.Paused
}

// look finds out how the service stands.
func (t *task) look() (situation, error) {
	var s situation
	var err error
	if s.Enabled, err = t.folders.Enabled(t.runitName); err != nil {
		return s, err
	}
	s.Held = t.folders.HeldDisabled(t.runitName)
	if _, err := os.Lstat(t.dir); err == nil {
		s.Installed = true
	} else if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	// An unreadable status is as good as none: the next process writes it anew.
	s.Says, _ = control.ReadRunner(t.host.run, t.p.Name)
	s.Announces, _ = control.ReadAnnounce(t.host.run, t.p.Name)
	if s.Outer, err = watch(t.dir, "run"); err != nil {
		return s, err
	}
	if s.Shape, err = t.running(s); err != nil {
		return s, err
	}
	s.Loggers = map[string]process{}
	for _, part := range []struct {
		dir   string
		reads string
		into  *process
	}{{s.Shape.runner, "service.json", &s.Runner}, {s.Shape.announcer, "announce.json", &s.Announcer}} {
		if part.dir == "" {
			continue
		}
		if *part.into, err = watch(filepath.Join(t.dir, part.dir), "run", part.reads); err != nil {
			return s, err
		}
		log := filepath.Join(part.dir, "log")
		if s.Loggers[log], err = watch(filepath.Join(t.dir, log), "run", "config"); err != nil {
			return s, err
		}
	}
	if dir := t.shapeOnDisk().runner; dir != "" {
		if old, err := supervisor.ReadService(filepath.Join(t.dir, dir, "service.json")); err == nil && old.Runs() {
			s.Spec = old.Container.Hash()
		}
	}
	return s, nil
}

// watch reads what the runsv of dir says, and whether its process has seen
// the present files, which it reads at its start.
func watch(dir string, files ...string) (process, error) {
	up, err := runit.Supervised(dir)
	if err != nil || !up {
		return process{}, err
	}
	p := process{Supervised: true}
	if p.Status, err = runit.ReadStatus(dir); err != nil {
		return p, err
	}
	for _, f := range files {
		info, err := os.Stat(filepath.Join(dir, f))
		// A time in the future is of a clock that was set back, and says nothing.
		if err == nil && info.ModTime().After(p.Status.Since) && info.ModTime().Before(time.Now()) && p.Status.State == runit.Run {
			p.Stale = true
		}
	}
	return p, nil
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
	logged, err := runit.Supervised(filepath.Join(t.dir, "log"))
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
		_, err := os.Stat(filepath.Join(t.dir, dir, file))
		return dir == "" || err == nil
	}
	for _, f := range []shape{both, runnerAlone, sidecarAlone} {
		if has(f.runner, "service.json") && has(f.announcer, "announce.json") {
			return f
		}
	}
	return shape{}
}
