package runit

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Wake makes the runsvdir of folder look at it now instead of at its next
// poll, up to 5 s later. It is best effort: a runsvdir started without a log
// argument sleeps on.
//
// With one (`runsvdir -P /etc/service 'log: ....'`, as Debian and Void start
// it) runsvdir's stderr is a pipe that it reads itself, to show the last
// messages of its children in ps, and a byte on that pipe ends its sleep. The
// byte is a dot, which runsvdir also puts there every 15 minutes.
func Wake(folder string) {
	for _, pid := range Scanners(folder) {
		proc := filepath.Join("/proc", strconv.Itoa(pid))
		if !readsOwnStderr(proc) {
			continue
		}
		pipe, err := os.OpenFile(proc+"/fd/2", os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			continue
		}
		pipe.WriteString(".")
		pipe.Close()
	}
}

// Scanners returns the process ids of the runsvdirs that scan folder.
func Scanners(folder string) []int {
	want, err := os.Stat(folder)
	if err != nil {
		return nil
	}
	var pids []int
	for pid, proc := range processes() {
		if nameOf(proc) == "runsvdir" && scans(proc, want) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// scans reports whether an argument of the runsvdir at proc is the folder
// want, seen from that process: its root and working folder may be others.
func scans(proc string, want fs.FileInfo) bool {
	line, err := os.ReadFile(proc + "/cmdline")
	if err != nil {
		return false
	}
	for arg := range bytes.SplitSeq(line, []byte{0}) {
		if len(arg) == 0 {
			continue
		}
		path := proc + "/cwd/" + string(arg)
		if arg[0] == '/' {
			path = proc + "/root" + string(arg)
		}
		if have, err := os.Stat(path); err == nil && os.SameFile(have, want) {
			return true
		}
	}
	return false
}

// readsOwnStderr reports whether the stderr of the process at proc is a pipe
// whose reading end is open in the same process.
func readsOwnStderr(proc string) bool {
	stderr, err := os.Stat(proc + "/fd/2")
	if err != nil || stderr.Mode()&fs.ModeNamedPipe == 0 {
		return false
	}
	fds, err := os.ReadDir(proc + "/fd")
	if err != nil {
		return false
	}
	for _, e := range fds {
		link, err := os.Lstat(proc + "/fd/" + e.Name())
		if err != nil || link.Mode()&0o400 == 0 || link.Mode()&0o200 != 0 {
			continue // not open for reading only
		}
		if end, err := os.Stat(proc + "/fd/" + e.Name()); err == nil && os.SameFile(end, stderr) {
			return true
		}
	}
	return false
}
