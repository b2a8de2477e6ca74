package container

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/blkiodev"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-units"

	"rundock/internal/spec"
)

// resources are the limits of a container, and the devices it gets.
func resources(want spec.Container) (container.Resources, error) {
	r := container.Resources{
		Memory:            want.Memory,
		MemoryReservation: want.MemoryReservation,
		MemorySwap:        want.MemorySwap,
		CPUShares:         int64(want.CPUShares),
		CpusetCpus:        want.CPUSetCPUs,
		CpusetMems:        want.CPUSetMems,
		BlkioWeight:       uint16(want.BlkioWeight),
		CgroupParent:      want.CgroupParent,
		DeviceCgroupRules: want.DeviceCgroupRules,
	}
	if want.MemorySwappiness != nil {
		n := int64(*want.MemorySwappiness)
		r.MemorySwappiness = &n
	}
	if want.OOMKillDisable {
		r.OomKillDisable = &want.OOMKillDisable
	}
	if want.PidsLimit != 0 {
		n := int64(want.PidsLimit)
		r.PidsLimit = &n
	}
	for _, d := range want.DeviceRequests {
		q := container.DeviceRequest{Driver: d.Driver, Count: d.Count, DeviceIDs: d.IDs, Options: d.Options}
		if d.Capabilities != nil {
			q.Capabilities = [][]string{d.Capabilities}
		}
		r.DeviceRequests = append(r.DeviceRequests, q)
	}
	if err := diskLimits(want, &r); err != nil {
		return r, err
	}
	if want.CPUs != "" {
		n, err := strconv.ParseFloat(want.CPUs, 64)
		if err != nil {
			return r, fmt.Errorf("cpus: %w", err)
		}
		r.NanoCPUs = int64(math.Round(n * 1e9))
	}
	for _, s := range want.Ulimits {
		u, err := units.ParseUlimit(s)
		if err != nil {
			return r, fmt.Errorf("ulimit: %w", err)
		}
		r.Ulimits = append(r.Ulimits, u)
	}
	for _, s := range want.Devices {
		d, err := device(s)
		if err != nil {
			return r, err
		}
		r.Devices = append(r.Devices, d)
	}
	return r, nil
}

// diskLimits adds weights and limits of single devices.
func diskLimits(want spec.Container, r *container.Resources) error {
	for _, path := range slices.Sorted(maps.Keys(want.BlkioWeightDevice)) {
		n, err := strconv.ParseUint(want.BlkioWeightDevice[path], 10, 16)
		if err != nil {
			return fmt.Errorf("weight of %s: %w", path, err)
		}
		r.BlkioWeightDevice = append(r.BlkioWeightDevice, &blkiodev.WeightDevice{Path: path, Weight: uint16(n)})
	}
	for _, limit := range []struct {
		rates map[string]string
		into  *[]*blkiodev.ThrottleDevice
	}{
		{want.DeviceReadBps, &r.BlkioDeviceReadBps},
		{want.DeviceWriteBps, &r.BlkioDeviceWriteBps},
		{want.DeviceReadIOps, &r.BlkioDeviceReadIOps},
		{want.DeviceWriteIOps, &r.BlkioDeviceWriteIOps},
	} {
		for _, path := range slices.Sorted(maps.Keys(limit.rates)) {
			n, err := strconv.ParseUint(limit.rates[path], 10, 64)
			if err != nil {
				return fmt.Errorf("limit of %s: %w", path, err)
			}
			*limit.into = append(*limit.into, &blkiodev.ThrottleDevice{Path: path, Rate: n})
		}
	}
	return nil
}

// device parses host[:container[:permissions]].
func device(s string) (container.DeviceMapping, error) {
	parts := strings.Split(s, ":")
	d := container.DeviceMapping{PathOnHost: parts[0], PathInContainer: parts[0], CgroupPermissions: "rwm"}
	switch {
	case len(parts) == 3:
		d.PathInContainer, d.CgroupPermissions = parts[1], parts[2]
	case len(parts) == 2 && strings.HasPrefix(parts[1], "/"):
		d.PathInContainer = parts[1]
	case len(parts) == 2:
		d.CgroupPermissions = parts[1]
	case len(parts) > 3:
		return d, fmt.Errorf("device %q: want host[:container[:permissions]]", s)
	}
	return d, nil
}
