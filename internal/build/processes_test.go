package build

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"rundock/internal/await"
)

func TestPidsMount_is_of_what_counts_processes(t *testing.T) {
	const v1 = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
36 31 0:33 / /sys/fs/cgroup/pids rw,relatime shared:4 - cgroup cgroup rw,pids
`
	const v2 = "26 22 0:23 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
	const hybrid = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n" + v1
	for name, c := range map[string]struct {
		mounts, dir string
		unified     bool
	}{
		"v1": {v1, "/sys/fs/cgroup/pids", false}, "v2": {v2, "/sys/fs/cgroup", true}, "hybrid": {hybrid, "/sys/fs/cgroup/pids", false}, "none": {"22 1 8:1 / / rw - ext4 /dev/sda rw\n", "", false},
	} {
		if dir, unified := pidsMount(c.mounts); dir != c.dir || unified != c.unified {
			t.Errorf("%s: %q, %t; want %q, %t", name, dir, unified, c.dir, c.unified)
		}
	}
}

// Which version of cgroups it is of, the machine says: the test is the same.
func TestLimitProcesses_counts_those_of_all_containers_of_builds_together(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("cgroups need root")
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	root, unified := pidsMount(string(mounts))
	if root == "" {
		t.Skip("no cgroup hierarchy counts processes")
	}
	t.Logf("cgroup v2: %t", unified)
	parent := "/rundockbuildtest" + strconv.Itoa(os.Getpid())
	dir := filepath.Join(root, parent)
	t.Cleanup(func() {
		await.Nil(t, "remove "+dir, func() error { // once the kernel has seen to those that were in it
			if err := os.Remove(dir); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		})
	})
	for _, most := range []int{40, 12} { // another limit takes the place of the one before
		if err := limitProcesses(t.Context(), parent, most); err != nil {
			t.Fatal(err)
		}
		got := forks(t, dir, "a", 6) + forks(t, dir, "b", 60)
		if want := most - 2; got != want { // a shell each
			t.Errorf("with a limit of %d, beside two shells %d processes run in two cgroups below it, want %d", most, got, want)
		}
		for _, name := range []string{"a", "b"} {
			end(t, filepath.Join(dir, name))
		}
		await.Nil(t, "none is counted any more", func() error { // those that are not waited for yet are
			if text, err := os.ReadFile(filepath.Join(dir, "pids.current")); err != nil || strings.TrimSpace(string(text)) != "0" {
				return fmt.Errorf("%s, %v", text, err)
			}
			return nil
		})
	}
	if err := limitProcesses(t.Context(), parent+"/no/such", 1); err == nil || !strings.Contains(err.Error(), parent) {
		t.Errorf("of one that cannot be made: %v", err)
	}
}

// forks has a shell in the cgroup called name below dir start processes until it has so many, or cannot, and returns how
// many it has. They go on.
func forks(t *testing.T, dir, name string, many int) (started int) {
	t.Helper()
	dir = filepath.Join(dir, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end(t, dir) })
	// Its standard output says how many; those that it starts have none of it.
	cmd := exec.Command("busybox", "sh", "-c", fmt.Sprintf("echo $$ >%s/cgroup.procs; i=0; while [ $i -lt %d ]; do busybox sleep 1000000 >/dev/null 2>&1 & i=$((i+1)); echo $i; done; exec busybox sleep 1000000 >/dev/null", dir, many))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	if _, err := said.ReadFrom(out); err != nil {
		t.Fatal(err)
	}
	go cmd.Wait()
	lines := strings.Fields(said.String())
	if len(lines) > 0 {
		started, _ = strconv.Atoi(lines[len(lines)-1])
	}
	return started
}

// end kills what is in a cgroup, and removes it.
func end(t *testing.T, dir string) {
	await.Nil(t, "remove "+dir, func() error {
		list, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		for _, pid := range strings.Fields(string(list)) {
			if number, err := strconv.Atoi(pid); err == nil {
				syscall.Kill(number, syscall.SIGKILL)
			}
		}
		return os.Remove(dir)
	})
}
