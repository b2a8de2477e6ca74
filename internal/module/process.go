package module

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rundock/internal/runit"
)

// Patience is how long supervisors are given, and processes that do nothing
// slow: runsvdir polls every 5 s.
const Patience = 20 * time.Second

// Process is what a runsv says of its process.
type Process struct {
	Supervised bool
	Status     runit.Status
	Stale      bool // a file that it read at its start has changed, or one that it writes is gone
}

// Watch reads what the runsv of dir says. Whether the process is stale, each
// module finds out its own way.
func Watch(dir string) (Process, error) {
	up, err := runit.Supervised(dir)
	if err != nil || !up {
		return Process{}, err
	}
	p := Process{Supervised: true}
	p.Status, err = runit.ReadStatus(dir)
	return p, err
}

// Up reports whether p runs, and is to go on running.
func (p Process) Up() bool {
	return p.Supervised && !p.Status.WantDown && !p.Status.Paused
}

// Wrote reports whether a status file with this process id is of the process that runs.
func (p Process) Wrote(pid int) bool {
	return p.Supervised && pid != 0 && p.Status.PID == pid
}

// OlderThan reports whether one of these files of dir was written after the
// process started. Clocks that are set make it err, in either direction: it
// is for a process that does not tell what it has read.
func (p Process) OlderThan(dir string, files ...string) bool {
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

// ScriptReplaced reports whether the shell that p is runs a script that is not
// the present dir/run. It reads the script as it goes, and so has it open; a
// changed one is another file, as files are replaced by rename.
func (p Process) ScriptReplaced(dir string) bool {
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
	return p.OlderThan(dir, "run")
}

// HasDeleted reports whether the process has a file open that was at path, and is gone,
// as a logger has whose folder was removed.
func (p Process) HasDeleted(path string) bool {
	return p.Supervised && runit.HasDeleted(p.Status.PID, path)
}

// ProgramReplaced reports whether the program of a process is not the one any
// more that is on disk.
func ProgramReplaced(pid int) bool {
	program, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	return err == nil && strings.HasSuffix(program, " (deleted)")
}

// Command is a letter for a runsv, and what it does in words.
type Command struct {
	Dir    string // relative to the service directory
	Letter string
	Does   string // as the result has it
}
