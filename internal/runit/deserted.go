package runit

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Process is one that runs in a service directory which is not what it was
// started in any more.
type Process struct {
	PID  int
	Name string   // runsv, runsvdir, run, svlogd, or a daemon's
	Args []string // its command line
	Dir  string   // the folder, by the name that it had
}

const deletedMark = " (deleted)" // of the kernel

// Deserted returns the processes that run in dir, or in a folder below it, and
// that neither sv nor runsvdir can reach: their folder was deleted under them,
// or, of a runsv, its supervise folder. They live on whatever has taken its
// place.
func Deserted(dir string) []Process {
	parent, err := filepath.EvalSymlinks(filepath.Dir(dir))
	if err != nil {
		return nil
	}
	dir = filepath.Join(parent, filepath.Base(dir))
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var list []Process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		cwd, err := os.Readlink(filepath.Join("/proc", e.Name(), "cwd"))
		was, deleted := strings.CutSuffix(cwd, deletedMark)
		if err != nil || was != dir && !strings.HasPrefix(was, dir+"/") {
			continue
		}
		p := Process{PID: pid, Dir: was}
		name, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "comm"))
		p.Name = strings.TrimSpace(string(name))
		if !deleted {
			if p.Name != "runsv" || !lostFIFO(e.Name()) {
				continue
			}
		}
		line, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		p.Args = strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
		list = append(list, p)
	}
	return list
}

// lostFIFO reports whether the runsv with this process id reads another
// supervise/ok than the one that is there now. A runsv that is still starting
// reads none: it has lost nothing.
func lostFIFO(pid string) bool {
	reads, present := readsOK(pid)
	return reads && !present
}

// readsOK reports whether the runsv with this process id reads a supervise/ok,
// and whether that is the one which is in its folder now.
func readsOK(pid string) (reads, present bool) {
	fds, _ := filepath.Glob(filepath.Join("/proc", pid, "fd/*"))
	var read []fs.FileInfo
	for _, fd := range fds {
		// The folder may be a link, and the logger's is in log/: the name alone counts.
		to, err := os.Readlink(fd)
		if err != nil || filepath.Base(strings.TrimSuffix(to, deletedMark)) != "ok" {
			continue
		}
		is, err := os.Stat(fd)
		if err != nil {
			return false, false // it is ending
		}
		read = append(read, is)
	}
	// Its folder is asked for afterwards, as it goes there before it opens anything.
	now, err := os.Stat(filepath.Join("/proc", pid, "cwd/supervise/ok"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, false
	}
	return len(read) > 0, now != nil && slices.ContainsFunc(read, func(is fs.FileInfo) bool { return os.SameFile(is, now) })
}
