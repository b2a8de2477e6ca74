package runit

import (
	"os"
	"path/filepath"
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
// that nobody can reach there: the folder was deleted under them, and so they
// live on whatever has been put in its place, or a runsv has lost its supervise
// folder. Neither sv nor runsvdir ends them.
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
			reached, err := Supervised(was)
			if p.Name != "runsv" || err != nil || reached {
				continue
			}
		}
		line, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		p.Args = strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
		list = append(list, p)
	}
	return list
}
