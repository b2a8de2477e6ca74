package build

import "testing"

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
