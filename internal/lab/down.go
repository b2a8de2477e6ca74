package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Down removes the lab: every process in its cgroups, with them their
// namespaces and mounts, its links, cgroups, disks and files. It goes by what
// the kernel has and not by what Up has noted, so it also ends a lab whose
// making was killed. It returns whether there was anything.
func (l *Lab) Down() (bool, error) {
	unlock, err := l.lock()
	if err != nil {
		return false, err
	}
	defer unlock()
	private, public := networks(l.ID)
	found := exists(l.state()) || exists("/sys/class/net/"+l.ID+"-"+private.name) || exists("/sys/class/net/"+l.ID+"-"+public.name)
	for _, h := range l.hierarchies {
		found = found || exists(filepath.Join(h.Path, cgroupOf(l.ID, "")))
	}
	if err := endCgroup(l.hierarchies, cgroupOf(l.ID, ""), time.Now().Add(time.Minute)); err != nil {
		return found, err
	}
	if err := l.unplugOperator(); err != nil {
		return found, err
	}
	mounts, err := mountsBelow(l.state())
	if err != nil {
		return found, err
	}
	for _, path := range slices.Backward(mounts) {
		if err := syscall.Unmount(path, syscall.MNT_DETACH); err != nil {
			return found, fmt.Errorf("unmount %s: %w", path, err)
		}
	}
	if err := os.RemoveAll(l.state()); err != nil {
		return found, fmt.Errorf("remove the lab's disks: %w", err)
	}
	for _, name := range []string{"inventory", "known_hosts", "id_ed25519", "id_ed25519.pub"} {
		if err := os.Remove(filepath.Join(l.Dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return found, fmt.Errorf("remove the lab's files: %w", err)
		}
	}
	// The images stay, and with them the folder.
	if err := os.Remove(l.Dir); err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ENOTEMPTY) {
		return found, fmt.Errorf("remove the lab's files: %w", err)
	}
	return found, nil
}

// mountsBelow returns the machine's mount points at or below dir, outer ones
// first.
func mountsBelow(dir string) ([]string, error) {
	info, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("read the machine's mounts: %w", err)
	}
	var paths []string
	for line := range strings.Lines(string(info)) {
		if f := strings.Fields(line); len(f) > 4 && (f[4] == dir || strings.HasPrefix(f[4], dir+"/")) {
			paths = append(paths, f[4])
		}
	}
	return paths, nil
}
