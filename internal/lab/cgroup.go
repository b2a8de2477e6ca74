package lab

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// hierarchy is one mounted cgroup hierarchy of the machine.
type hierarchy struct {
	Path    string // mount point, below /sys/fs/cgroup
	Type    string // cgroup or cgroup2
	Options string // mount data that selects it: "memory", "cpu,cpuacct", "none,name=systemd"; "" for cgroup2
}

// hierarchies reads the cgroup hierarchies from a mountinfo file's content
// (proc_pid_mountinfo(5)); controllers are the names in /proc/cgroups.
func hierarchies(mountinfo string, controllers []string) []hierarchy {
	var found []hierarchy
	for line := range strings.Lines(mountinfo) {
		before, after, ok := strings.Cut(line, " - ")
		place, source := strings.Fields(before), strings.Fields(after)
		if !ok || len(place) < 5 || len(source) < 3 {
			continue
		}
		h := hierarchy{Path: place[4], Type: source[0]}
		if h.Type != "cgroup" && h.Type != "cgroup2" || place[3] != "/" || !strings.HasPrefix(h.Path, "/sys/fs/cgroup") {
			continue
		}
		if h.Type == "cgroup" {
			var options []string
			for o := range strings.SplitSeq(source[2], ",") {
				if slices.Contains(controllers, o) {
					options = append(options, o)
				}
				if strings.HasPrefix(o, "name=") {
					options = append(options, "none", o)
				}
			}
			h.Options = strings.Join(options, ",")
		}
		found = append(found, h)
	}
	return found
}

// mountedHierarchies returns the hierarchies this machine has mounted.
func mountedHierarchies() ([]hierarchy, error) {
	info, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("read the machine's cgroups: %w", err)
	}
	table, err := os.ReadFile("/proc/cgroups")
	if err != nil {
		return nil, fmt.Errorf("read the machine's cgroups: %w", err)
	}
	var controllers []string
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); len(f) > 0 && !strings.HasPrefix(f[0], "#") {
			controllers = append(controllers, f[0])
		}
	}
	found := hierarchies(string(info), controllers)
	if len(found) == 0 {
		return nil, errors.New("read the machine's cgroups: none is mounted below /sys/fs/cgroup; dockerd needs them")
	}
	return found, nil
}

// cgroupOf returns the name, below every hierarchy, of a part of the lab; ""
// is the whole lab.
func cgroupOf(id, part string) string { return filepath.Join("rundock-lab-"+id, part) }

// makeCgroup makes the group called name in every hierarchy.
func makeCgroup(all []hierarchy, name string) error {
	for _, h := range all {
		dir := h.Path
		for part := range strings.SplitSeq(name, "/") {
			parent := dir
			dir = filepath.Join(dir, part)
			if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("make cgroup: %w", err)
			}
			if h.Type == "cgroup" && slices.Contains(strings.Split(h.Options, ","), "cpuset") {
				// An empty cpuset takes no process.
				for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
					have, err := os.ReadFile(filepath.Join(parent, file))
					if err == nil {
						err = os.WriteFile(filepath.Join(dir, file), have, 0)
					}
					if err != nil {
						return fmt.Errorf("make cgroup: %w", err)
					}
				}
			}
			if h.Type == "cgroup2" && h.Path == "/sys/fs/cgroup" {
				// dockerd on a host can only hand on controllers that reach it.
				if err := enableControllers(parent); err != nil {
					return fmt.Errorf("make cgroup: %w", err)
				}
			}
		}
	}
	return nil
}

// enableControllers passes every controller a cgroup2 folder has on to its
// children.
func enableControllers(dir string) error {
	have, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	if err != nil {
		return err
	}
	for c := range strings.FieldsSeq(string(have)) {
		if err := os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+c), 0); err != nil {
			return err
		}
	}
	return nil
}

// joinCgroup moves process pid (0: the caller) into the group called name of
// every hierarchy. A cgroup2 group whose processes moved to its leaf "init"
// takes the process there.
func joinCgroup(all []hierarchy, name string, pid int) error {
	for _, h := range all {
		dir := filepath.Join(h.Path, name)
		if h.Type == "cgroup2" {
			if leaf := filepath.Join(dir, "init"); exists(leaf) {
				dir = leaf
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0); err != nil {
			return fmt.Errorf("move process %d: %w", pid, err)
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// processesOf returns the processes in the group called name or below it, in
// any hierarchy.
func processesOf(all []hierarchy, name string) []int {
	var pids []int
	for _, h := range all {
		// Groups come and go while we walk; what vanished has no processes.
		_ = filepath.WalkDir(filepath.Join(h.Path, name), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return nil
			}
			list, err := os.ReadFile(filepath.Join(path, "cgroup.procs"))
			if err != nil {
				return nil
			}
			lines := bufio.NewScanner(bytes.NewReader(list))
			for lines.Scan() {
				// 0 is a process this PID namespace cannot see.
				if pid, err := strconv.Atoi(lines.Text()); err == nil && pid > 0 {
					pids = append(pids, pid)
				}
			}
			return nil
		})
	}
	slices.Sort(pids)
	return slices.Compact(pids)
}

// endCgroup kills every process of the group called name until none is left,
// then removes the group with all below it from every hierarchy.
func endCgroup(all []hierarchy, name string, deadline time.Time) error {
	for {
		var left []string
		for _, pid := range processesOf(all, name) {
			state := processState(pid)
			if state == 'Z' || state == 0 {
				continue // dead; its parent has still to notice
			}
			left = append(left, fmt.Sprintf("%d (%s)", pid, commandName(pid)))
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("kill process %d of cgroup %s: %w", pid, name, err)
			}
		}
		if len(left) == 0 {
			err := removeCgroup(all, name)
			if err == nil || time.Now().After(deadline) {
				return err
			}
		} else if time.Now().After(deadline) {
			return fmt.Errorf("kill the processes of cgroup %s: still there: %s", name, strings.Join(left, ", "))
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// removeCgroup removes the empty group called name and its empty children.
func removeCgroup(all []hierarchy, name string) error {
	for _, h := range all {
		var dirs []string
		err := filepath.WalkDir(filepath.Join(h.Path, name), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				dirs = append(dirs, path)
			}
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("remove cgroup: %w", err)
		}
		for _, dir := range slices.Backward(dirs) {
			if err := syscall.Rmdir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("remove cgroup %s: %w", dir, err)
			}
		}
	}
	return nil
}

// processState returns the state letter of proc_pid_stat(5), 0 if there is no
// such process.
func processState(pid int) byte {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	// The name in parentheses may itself hold blanks and parentheses.
	end := bytes.LastIndexByte(stat, ')')
	if err != nil || end < 0 || len(stat) < end+3 {
		return 0
	}
	return stat[end+2]
}

func commandName(pid int) string {
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return strings.TrimSpace(string(name))
}

// firstProcess returns the process of the group called name that is number 1
// of a host's PID namespace, 0 if there is none. Processes number 1 of
// containers on the host are one namespace further down.
func firstProcess(all []hierarchy, name string) int {
	for _, pid := range processesOf(all, name) {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(status)) {
			rest, ok := strings.CutPrefix(line, "NSpid:")
			if f := strings.Fields(rest); ok && len(f) == 2 && f[1] == "1" && processState(pid) != 'Z' {
				return pid
			}
		}
	}
	return 0
}
