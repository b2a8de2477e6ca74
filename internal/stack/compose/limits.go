package compose

import (
	"cmp"
	"fmt"
	"math"
	"strconv"

	"github.com/compose-spec/compose-go/v2/types"

	"rundock/internal/spec"
)

// limits are what an instance uses at most, and what is set aside for it.
func (v *servicing) limits() {
	cpus, memory, pids := v.c.CPUS, v.c.MemLimit, v.c.PidsLimit
	reserved := v.c.MemReservation
	if d := v.c.Deploy; d != nil {
		if r := d.Resources.Limits; r != nil {
			cpus, memory, pids = cmp.Or(float32(r.NanoCPUs), cpus), cmp.Or(r.MemoryBytes, memory), cmp.Or(r.Pids, pids)
		}
		if r := d.Resources.Reservations; r != nil {
			reserved = cmp.Or(r.MemoryBytes, reserved)
			v.s.Resources.Reserve.CPU = thousandths(float32(r.NanoCPUs))
			v.devices("deploy.resources.reservations.devices", r.Devices)
		}
	}
	if v.c.CPUQuota > 0 {
		period := cmp.Or(v.c.CPUPeriod, 100_000)
		cpus = cmp.Or(cpus, float32(v.c.CPUQuota)/float32(period))
	}
	if cpus != 0 {
		v.set("cpus", "cpus", strconv.FormatFloat(float64(cpus), 'f', -1, 32))
		v.s.Resources.Limit.CPU = thousandths(cpus)
	}
	v.setNumber("mem_limit", "memory", int64(memory))
	v.setNumber("mem_reservation", "memory-reservation", int64(reserved))
	v.setNumber("memswap_limit", "memory-swap", int64(v.c.MemSwapLimit))
	v.setNumber("mem_swappiness", "memory-swappiness", int64(v.c.MemSwappiness))
	v.s.Resources.Limit.Memory, v.s.Resources.Reserve.Memory = int64(memory), int64(reserved)
	v.setNumber("pids_limit", "pids-limit", pids)
	v.setNumber("cpu_shares", "cpu-shares", v.c.CPUShares)
	v.set("cpuset", "cpuset-cpus", v.c.CPUSet)
	v.setNumber("shm_size", "shm-size", int64(v.c.ShmSize))
	v.setTrue("oom_kill_disable", "oom-kill-disable", v.c.OomKillDisable)
	v.setNumber("oom_score_adj", "oom-score-adj", v.c.OomScoreAdj)
	v.devices("gpus", v.c.Gpus)
	v.disks()
}

func thousandths(cpus float32) int { return int(math.Round(float64(cpus) * 1000)) }

// devices are what a driver of Docker's is asked for.
func (v *servicing) devices(key string, list []types.DeviceRequest) {
	for i, d := range list {
		var pairs []spec.Pair
		for _, c := range d.Capabilities {
			pairs = append(pairs, spec.Pair{Key: "capabilities", Value: c})
		}
		for _, id := range d.IDs {
			pairs = append(pairs, spec.Pair{Key: "device_ids", Value: id})
		}
		if d.Count != 0 && len(d.IDs) == 0 {
			pairs = append(pairs, spec.Pair{Key: "count", Value: strconv.FormatInt(int64(d.Count), 10)})
		}
		if d.Driver != "" {
			pairs = append(pairs, spec.Pair{Key: "driver", Value: d.Driver})
		}
		for _, name := range sortedKeys(d.Options) {
			pairs = append(pairs, spec.Pair{Key: "options", Value: name + "=" + d.Options[name]})
		}
		if !v.broken {
			v.report(fmt.Sprintf("%s[%d]", key, i), v.b.SetPairs(key, i, "gpus", pairs))
		}
	}
}

// disks are the weights and limits of block devices.
func (v *servicing) disks() {
	c := v.c.BlkioConfig
	if c == nil {
		return
	}
	v.setNumber("blkio_config.weight", "blkio-weight", int64(c.Weight))
	for _, d := range c.WeightDevice {
		v.set("blkio_config.weight_device", "blkio-weight-device", fmt.Sprintf("%s:%d", d.Path, d.Weight))
	}
	for _, r := range []struct {
		key, flag string
		devices   []types.ThrottleDevice
	}{
		{"device_read_bps", "device-read-bps", c.DeviceReadBps}, {"device_read_iops", "device-read-iops", c.DeviceReadIOps},
		{"device_write_bps", "device-write-bps", c.DeviceWriteBps}, {"device_write_iops", "device-write-iops", c.DeviceWriteIOps},
	} {
		for _, d := range r.devices {
			v.set("blkio_config."+r.key, r.flag, fmt.Sprintf("%s:%d", d.Path, int64(d.Rate)))
		}
	}
}

// kernel is what of the kernel the container may use.
func (v *servicing) kernel() {
	v.setEach("cap_add", "cap-add", v.c.CapAdd)
	v.setEach("cap_drop", "cap-drop", v.c.CapDrop)
	v.setEach("security_opt", "security-opt", v.c.SecurityOpt)
	v.setPairs("sysctls", "sysctl", "=", v.c.Sysctls)
	v.setPairs("storage_opt", "storage-opt", "=", v.c.StorageOpt)
	v.set("cgroup_parent", "cgroup-parent", v.c.CgroupParent)
	v.setEach("device_cgroup_rules", "device-cgroup-rule", v.c.DeviceCgroupRules)
	for _, d := range v.c.Devices {
		device := d.Source
		if d.Target != "" && d.Target != d.Source || d.Permissions != "" && d.Permissions != "rwm" {
			device += ":" + cmp.Or(d.Target, d.Source)
		}
		if d.Permissions != "" && d.Permissions != "rwm" {
			device += ":" + d.Permissions
		}
		v.set("devices", "device", device)
	}
	for _, name := range sortedKeys(v.c.Ulimits) {
		u := v.c.Ulimits[name]
		limit := fmt.Sprintf("%s=%d:%d", name, u.Soft, u.Hard)
		if u.Single != 0 {
			limit = fmt.Sprintf("%s=%d", name, u.Single)
		}
		v.set("ulimits", "ulimit", limit)
	}
}
