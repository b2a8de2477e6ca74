package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rundock/internal/control"
	"rundock/internal/runit"
	"rundock/supervisor"
	"rundock/supervisor/logger"
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
	Beat      time.Time // when the sidecar said so last
}

// process is what a runsv says of its process.
type process struct {
	Supervised bool
	Status     runit.Status
	Stale      bool // a file that it read at its start has changed
}

// up reports whether the process runs, and is to go on running.
func (p process) up() bool {
	return p.Supervised && !p.Status.WantDown && !p.Status.Paused
}

// told reports whether what the runner's status says is of the runner that
// there is now.
func (s situation) told() bool {
	return s.Runner.Supervised && s.Says.PID != 0 && s.Says.PID == s.Runner.Status.PID
}

// toldOfAnnouncement is told, of the sidecar.
func (s situation) toldOfAnnouncement() bool {
	return s.Announcer.Supervised && s.Announces.PID != 0 && s.Announces.PID == s.Announcer.Status.PID
}

// runs is the hash of the spec of the container that there is, or of the one
// in the files where the runner does not say that there is one.
func (s situation) runs() string {
	if s.told() && s.Says.Container != "" {
		return s.Says.Spec
	}
	return s.Spec
}

// waits reports whether the runner waits before it tries again what failed: to
// start the container, or to put the wanted one in the place of another.
func (s situation) waits() bool {
	return s.told() && (s.Says.Phase == control.Backoff || s.Says.Phase == control.Running && s.Says.Error != "")
}

// mayHaveContainer reports whether the service may have a container: unless
// its runner has said last that it took it away, or it never had one.
func (s situation) mayHaveContainer() bool {
	return (s.Shape.runner != "" || s.Says.Phase != "") && s.Says.Phase != control.Stopped
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
	s.Beat = control.LastBeat(t.host.run, t.p.Name)
	if s.Outer, err = watch(t.dir); err != nil {
		return s, err
	}
	s.Outer.Stale = s.Outer.scriptReplaced(t.dir)
	if s.Shape, err = t.running(s); err != nil {
		return s, err
	}
	s.Loggers = map[string]process{}
	for _, part := range []struct {
		dir    string
		reads  []string
		pid    int // of the status file
		digest string
		lock   string
		into   *process
	}{
		{s.Shape.runner, control.RunnerReads, s.Says.PID, s.Says.Digest, "runner.lock", &s.Runner},
		{s.Shape.announcer, control.AnnouncerReads, s.Announces.PID, s.Announces.Digest, "announcer.lock", &s.Announcer},
	} {
		if part.dir == "" {
			continue
		}
		dir := filepath.Join(t.dir, part.dir)
		p, err := watch(dir)
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
			p.Stale = p.olderThan(dir, part.reads...)
		}
		*part.into = p
		log := filepath.Join(part.dir, "log")
		logger, err := watch(filepath.Join(t.dir, log))
		if err != nil {
			return s, err
		}
		logger.Stale = logger.readOthers(filepath.Join(t.dir, log))
		s.Loggers[log] = logger
	}
	if dir := t.shapeOnDisk().runner; dir != "" {
		if old, err := supervisor.ReadService(filepath.Join(t.dir, dir, "service.json")); err == nil && old.Runs() {
			s.Spec = old.Container.Hash()
		}
	}
	return s, nil
}

// watch reads what the runsv of dir says.
func watch(dir string) (process, error) {
	up, err := runit.Supervised(dir)
	if err != nil || !up {
		return process{}, err
	}
	p := process{Supervised: true}
	p.Status, err = runit.ReadStatus(dir)
	return p, err
}

// olderThan reports whether one of these files of dir was written after the
// process started. Clocks that are set make it err, in either direction: it
// is for a process that does not tell what it has read.
func (p process) olderThan(dir string, files ...string) bool {
	if !p.Supervised || p.Status.State != runit.Run {
		return false
	}
	for _, f := range files {
		info, err := os.Stat(filepath.Join(dir, f))
		// A time in the future is of a clock that was set back, and says nothing.
		if err == nil && info.ModTime().After(p.Status.Since) && info.ModTime().Before(time.Now()) {
			return true
		}
	}
	return false
}

// readOthers reports whether the logger that p is has read other files than
// those that dir has now. Its environment tells; before it is svlogd, it is
// about to read those.
func (p process) readOthers(dir string) bool {
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
	return p.olderThan(dir, logger.Reads...)
}

// scriptReplaced reports whether the shell that p is runs a script that is not
// the present dir/run. It reads the script as it goes, and so has it open; a
// changed one is another file, as files are replaced by rename.
func (p process) scriptReplaced(dir string) bool {
	if !p.Supervised || p.Status.State != runit.Run {
		return false
	}
	script, err := filepath.EvalSymlinks(filepath.Join(dir, "run"))
	if err != nil {
		return false
	}
	present, err := os.Stat(script)
	if err != nil {
		return false
	}
	open, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", p.Status.PID))
	for _, fd := range open {
		if to, err := os.Readlink(fd); err == nil && strings.TrimSuffix(to, " (deleted)") == script {
			has, err := os.Stat(fd)
			return err == nil && !os.SameFile(has, present)
		}
	}
	return p.olderThan(dir, "run")
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
