package facts

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"

	"rundock/internal/hostinfo"

	"golang.org/x/sys/unix"
)

// machineOf fills in what the machine is.
func (d *document) machineOf() {
	d.Arch = runtime.GOARCH
	var machine unix.Utsname
	if err := unix.Uname(&machine); err == nil {
		d.Kernel = unix.ByteSliceToString(machine.Release[:])
	}
	release, err := os.ReadFile("/etc/os-release")
	d.unknown("the distribution", err)
	d.OS = setting(string(release), "PRETTY_NAME")
	d.Capacity.CPUs = runtime.NumCPU()
	d.Capacity.Memory, d.Capacity.MemoryAvailable, err = hostinfo.Memory()
	d.unknown("the memory", err)
}

// setting is the value of a line NAME=value, or "".
func setting(text, name string) string {
	for line := range strings.Lines(text) {
		if n, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && n == name {
			return strings.Trim(value, `"'`)
		}
	}
	return ""
}

// disks are the file systems that paths are on, each once. A path that is not
// there is none.
func disks(paths ...string) (all []disk, err error) {
	seen := map[uint64]bool{}
	for _, path := range paths {
		info, e := os.Stat(path)
		if e != nil || seen[info.Sys().(*syscall.Stat_t).Dev] {
			continue
		}
		seen[info.Sys().(*syscall.Stat_t).Dev] = true
		var s unix.Statfs_t
		if e := unix.Statfs(path, &s); e != nil {
			err = fmt.Errorf("%s: %w", path, e)
			continue
		}
		all = append(all, disk{path, int64(s.Blocks) * s.Bsize, int64(s.Bavail) * s.Bsize})
	}
	return all, err
}
