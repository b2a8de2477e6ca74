package runit

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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
	var list []Process
	for pid, proc := range processes() {
		cwd, err := os.Readlink(filepath.Join(proc, "cwd"))
		was, deleted := strings.CutSuffix(cwd, deletedMark)
		if err != nil || was != dir && !strings.HasPrefix(was, dir+"/") {
			continue
		}
		p := Process{PID: pid, Name: nameOf(proc), Dir: was}
		if !deleted && (p.Name != "runsv" || !lostFIFO(proc)) {
			continue
		}
		line, _ := os.ReadFile(filepath.Join(proc, "cmdline"))
		p.Args = strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
		list = append(list, p)
	}
	return list
}

// lostFIFO reports whether the runsv at proc reads another
// supervise/ok than the one that is there now. A runsv that is still starting
// reads none: it has lost nothing.
func lostFIFO(proc string) bool {
	reads, present := readsOK(proc)
	return reads && !present
}

// readsOK reports whether the runsv at proc reads a supervise/ok,
// and whether that is the one which is in its folder now.
func readsOK(proc string) (reads, present bool) {
	fds, _ := filepath.Glob(filepath.Join(proc, "fd/*"))
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
	now, err := os.Stat(filepath.Join(proc, "cwd/supervise/ok"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, false
	}
	return len(read) > 0, now != nil && slices.ContainsFunc(read, func(is fs.FileInfo) bool { return os.SameFile(is, now) })
}
