package service

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/internal/runit"
	"rundock/supervisor"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
	"rundock/supervisor/servicecontainer"
)

// byFiles is what files tell of a service.
func (g *gatherer) byFiles(name string) serviceFacts {
	full := supervisor.Prefix + name
	s := serviceFacts{Name: name, Dir: g.folders.Dir(full)}
	if _, err := os.Lstat(s.Dir); err == nil {
		s.Installed, s.Ours = true, report.Ours(s.Dir)
	}
	if !g.host.Runit.Failed() {
		enabled, err := g.folders.Enabled(full)
		s.Enabled, s.Link = enabled, report.TroubleOf(err)
		s.Masked = g.folders.Masked(full)
	}
	runner, announcer := supervisor.Installed(s.Dir)
	s.Runs, s.Announced = runner != "", announcer != ""
	s.Outer = processOf(s.Dir)
	if s.Runs {
		service, err := supervisor.ReadService(filepath.Join(runner, "service.json"))
		if err == nil {
			s.Image, s.Hash, s.Pin, s.Shares = service.Container.Image, service.Container.Hash(), service.Pin, service.Container.Shares()
			s.Settled = service.Container.NetworkNames()
			s.Stack, s.Slot = service.Stack, service.Slot.String()
			s.MadeFrom, s.Contents = madeFrom(service)
			s.NotThere = notThere(s.MadeFrom)
			if err := servicecontainer.Mounted(service.Mounts); err != nil {
				s.Unmounted = err.Error()
			}
		}
		s.Files = report.TroubleOf(err)
		s.Runner = processOf(runner)
		s.Down = s.Down || report.Exists(filepath.Join(runner, "down"))
	}
	if s.Announced {
		if _, err := supervisor.ReadAnnounce(filepath.Join(announcer, "announce.json")); err != nil {
			s.Files = report.TroubleOf(err)
		}
		s.Sidecar = processOf(announcer)
		s.Down = s.Down || report.Exists(filepath.Join(announcer, "down"))
	}
	s.Down = s.Down || report.Exists(filepath.Join(s.Dir, "down"))
	s.Loggers = loggersOf(name, runner, announcer)
	g.compareFiles(&s)
	var err error
	s.RunnerStatus, err = control.ReadRunner(control.Dir, name)
	s.RunnerTrouble, s.RunnerAlive = report.TroubleOf(err), s.RunnerStatus.PID != 0 && process.IsRundockd(s.RunnerStatus.PID, "run")
	s.SidecarStatus, err = control.ReadAnnounce(control.Dir, name)
	s.SidecarTrouble, s.SidecarAlive = report.TroubleOf(err), s.SidecarStatus.PID != 0 && process.IsRundockd(s.SidecarStatus.PID, "announce")
	if _, err := os.Lstat(filepath.Join(s.Dir, ".rundock")); errors.Is(err, fs.ErrPermission) {
		// Then what it has, its status must tell.
		s.Files, s.Runs, s.Announced = report.TroubleOf(err), s.RunnerStatus.PID != 0, s.SidecarStatus.PID != 0
	}
	return s
}

// madeFrom is which files the container of service is made from, and what they
// hold now, which root alone can tell.
func madeFrom(service supervisor.Service) (files []string, contents string) {
	files = service.Container.Files()
	if len(files) == 0 {
		return nil, ""
	}
	salt, err := supervisor.Salt(hostconfig.StateDir, true)
	if err != nil {
		return files, ""
	}
	return files, supervisor.Contents(salt, service.Name, service.Container)
}

// otherSecrets names the secrets of service, as its files have them, that hold another
// value than the digest in service.json is of. Without the host's salt none is known.
func otherSecrets(service supervisor.Service) []string {
	if len(service.Secrets) == 0 || !report.Exists(filepath.Join(hostconfig.StateDir, supervisor.SaltName)) {
		return nil
	}
	salt, err := supervisor.Salt(hostconfig.StateDir, true)
	if err != nil {
		return nil
	}
	return supervisor.ChangedSecrets(salt, service.Name, service.Container.EnvSecrets, service.Secrets)
}

// notThere are those of files that do not exist.
func notThere(files []string) (list []string) {
	for _, f := range files {
		if _, err := os.Stat(f); errors.Is(err, fs.ErrNotExist) {
			list = append(list, f)
		}
	}
	return list
}

// processOf is what the runsv of dir status.
func processOf(dir string) supervised {
	up, err := runit.Supervised(dir)
	if err != nil || !up {
		return supervised{Trouble: report.TroubleOf(err)}
	}
	status, err := runit.ReadStatus(dir)
	return supervised{Supervised: true, Trouble: report.TroubleOf(err), Status: status}
}

// loggersOf are the loggers of a service that keep nothing. runner and sidecar are the
// folders of its processes, "" where there is none.
func loggersOf(name, runner, sidecar string) (bad []loggerFacts) {
	for _, l := range []struct{ dir, log string }{{runner, supervisor.LogDir(name)}, {sidecar, filepath.Join(supervisor.LogDir(name), "announce")}} {
		if l.dir == "" {
			continue
		}
		logger, file := processOf(filepath.Join(l.dir, "log")), filepath.Join(l.log, "current")
		if paused := logger.Status.Paused; logger.Supervised && (paused || runit.HasDeleted(logger.Status.PID, file)) {
			bad = append(bad, loggerFacts{file, paused})
		}
	}
	return bad
}

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

// compareFiles finds out which files are missing of those once written, and
// which are not as this rundockd writes them for what service.json and
// announce.json say: edited by hand, or written by another release.
func (g *gatherer) compareFiles(s *serviceFacts) {
	if s.Files.Failed() || !s.Runs && !s.Announced {
		return
	}
	service, err := supervisor.ReadInstalled(s.Dir)
	var files []fstree.File
	if err == nil {
		files, err = supervisor.Files(service)
	}
	var changes fstree.Changes
	if err == nil {
		changes, err = fstree.Apply(s.Dir, files, true)
	}
	var written []string
	if err == nil {
		written, err = fstree.Owned(s.Dir)
	}
	if s.Files = report.TroubleOf(err); err != nil {
		return
	}
	s.FileCount = len(files)
	for _, c := range changes.List {
		if c.Before == nil && slices.Contains(written, c.Path) {
			s.Missing = append(s.Missing, c.Path)
		} else {
			s.Edited = append(s.Edited, c.Path)
		}
	}
	s.OtherSecrets = otherSecrets(service)
	if service.Runs() {
		full, from, err := servicecontainer.Expand(service.Container)
		s.Resolvers, s.ExpandTrouble = full.DNS, report.TroubleOf(err)
		s.Origins.Addresses, s.Origins.Resolver = from.Addresses, from.Resolver
	}
}
