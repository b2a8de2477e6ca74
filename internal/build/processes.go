package build

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// systemdWithin bounds what systemd takes to change a slice.
const systemdWithin = 20 * time.Second

// limitProcesses has all that runs below parent, a cgroup as Docker is given it, be at most so many processes and
// threads together. The builder can limit the memory and the processors of a step, and not these. Where they cannot
// be limited it is an error: a step could take all that the kernel has.
func limitProcesses(ctx context.Context, parent string, most int) error {
	err := setProcesses(ctx, parent, most)
	if err != nil {
		return fmt.Errorf("limit builds to %d processes, by cgroup %s: %w", most, parent, err)
	}
	return nil
}

func setProcesses(ctx context.Context, parent string, most int) error {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	root, unified := pidsMount(string(mounts))
	if root == "" {
		return errors.New("no cgroup hierarchy counts processes")
	}
	want := strconv.Itoa(most)
	limit := filepath.Join(root, parent, "pids.max")
	if strings.HasSuffix(parent, ".slice") {
		// What is systemd's it would put back at any time.
		ctx, cancel := context.WithTimeout(ctx, systemdWithin)
		defer cancel()
		for _, args := range [][]string{{"set-property", "--runtime", parent, "TasksMax=" + want}, {"start", parent}} {
			if out, err := exec.CommandContext(ctx, "systemctl", args...).CombinedOutput(); err != nil {
				return fmt.Errorf("systemctl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
			}
		}
	} else if err := writeProcesses(root, unified, filepath.Dir(limit), want); err != nil {
		return err
	}
	if has, err := os.ReadFile(limit); err != nil {
		return err
	} else if got := strings.TrimSpace(string(has)); got != want {
		return fmt.Errorf("%s is %s, want %s", limit, got, want)
	}
	return nil
}

// writeProcesses makes the cgroup dir below root, and limits it.
func writeProcesses(root string, unified bool, dir, want string) error {
	if unified {
		control := filepath.Join(root, "cgroup.subtree_control")
		enabled, err := os.ReadFile(control)
		if err == nil && !slices.Contains(strings.Fields(string(enabled)), "pids") {
			err = os.WriteFile(control, []byte("+pids"), 0)
		}
		if err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "pids.max"), []byte(want), 0)
}

// pidsMount is where the hierarchy of cgroups is that counts processes, by /proc/self/mountinfo (proc_pid_mountinfo(5));
// unified: it is that of cgroup v2. The one of v1 goes first: a hybrid has both, and counts in that one.
func pidsMount(mountinfo string) (dir string, unified bool) {
	for line := range strings.Lines(mountinfo) {
		before, after, _ := strings.Cut(line, " - ")
		where, what := strings.Fields(before), strings.Fields(after)
		if len(where) < 5 || len(what) < 3 {
			continue
		}
		switch {
		case what[0] == "cgroup" && slices.Contains(strings.Split(what[2], ","), "pids"):
			return where[4], false
		case what[0] == "cgroup2" && dir == "":
			dir, unified = where[4], true
		}
	}
	return dir, unified
}
