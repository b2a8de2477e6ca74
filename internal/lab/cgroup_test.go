package lab

import (
	"slices"
	"testing"
)

func TestHierarchies(t *testing.T) {
	controllers := []string{"cpu", "cpuacct", "memory"}
	for _, c := range []struct {
		claim, mountinfo string
		want             []hierarchy
	}{
		{"hybrid: each hierarchy with what selects it", `
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:3 - cgroup cgroup rw,xattr,memory
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`, []hierarchy{
			{"/sys/fs/cgroup/cpu,cpuacct", "cgroup", "cpu,cpuacct"},
			{"/sys/fs/cgroup/memory", "cgroup", "memory"},
			{"/sys/fs/cgroup/systemd", "cgroup", "none,name=systemd"},
			{"/sys/fs/cgroup/unified", "cgroup2", ""},
		}},
		{"unified: the one hierarchy", `
26 22 0:23 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate
`, []hierarchy{{"/sys/fs/cgroup", "cgroup2", ""}}},
		{"a part of a hierarchy mounted elsewhere is none", `
50 22 0:23 /docker/1 /sys/fs/cgroup/x rw - cgroup2 cgroup2 rw
51 22 0:23 / /mnt rw - cgroup2 cgroup2 rw
`, nil},
	} {
		t.Run(c.claim, func(t *testing.T) {
			if got := hierarchies(c.mountinfo, controllers); !slices.Equal(got, c.want) {
				t.Errorf("hierarchies = %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestListening(t *testing.T) {
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 0B934D0A:1F90 02934D0A:C350 01 00000000:00000000 00:00000000 00000000     0        0 2
`
	if !listening([]byte(table), 22) {
		t.Error("listening(22) = false, but 22 is in state 0A")
	}
	if listening([]byte(table), 8080) {
		t.Error("listening(8080) = true, but 8080 is only connected")
	}
}
