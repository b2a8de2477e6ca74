package manifest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rundock/internal/spec"
)

// allowed are the options of a container, by their names in the JSON of spec.Container, that
// a preview may have as it likes. All others are refused but for those that refuseSome
// looks at more closely.
var allowed = []string{
	"image", "entrypoint", "command", "env", "user", "workdir", "hostname", "domainname", "tmpfs", "memory", "memory_reservation", "memory_swap", "cpus", "cpu_shares",
	"pids_limit", "cap_drop", "read_only", "init", "healthcheck", "dns_search", "dns_options", "platform", "stop_signal", "expose", "endpoint", "networks", "log_options", "shm_size",
}

// closer are those that depend on their values.
var closer = []string{"network", "volumes", "mounts", "labels", "cap_add", "extra_hosts", "ipc", "security_opt", "ulimits", "group_add", "oom_score_adj"}

// inCompose are options that compose files call otherwise.
var inCompose = map[string]string{
	"cgroupns": "cgroup", "cpuset_cpus": "cpuset", "device_requests": "gpus", "env_files": "env_file", "userns": "userns_mode", "volume_driver": "volume_driver",
	"blkio_weight": "blkio_config", "blkio_weight_device": "blkio_config", "device_read_bps": "blkio_config", "device_write_bps": "blkio_config", "device_read_iops": "blkio_config", "device_write_iops": "blkio_config",
}

// allowedCapabilities are those that Docker gives anyway: one may be named that was dropped with all.
var allowedCapabilities = []string{
	"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}

// refuseContainer adds what of a container is not allowed.
func refuseContainer(r *Refusals, service string, c spec.Container) {
	data, err := json.Marshal(c)
	if err != nil {
		panic(err) // it is of texts and numbers
	}
	var options map[string]any
	if err := json.Unmarshal(data, &options); err != nil {
		panic(err)
	}
	for _, name := range slices.Sorted(maps.Keys(options)) {
		if slices.Contains(allowed, name) || slices.Contains(closer, name) {
			continue
		}
		shown := name
		if other, ok := inCompose[name]; ok {
			shown = other
		}
		r.add("service %s: %s is not allowed in a preview", service, shown)
	}
	refuseSome(r, service, c)
	refuseMounts(r, service, c)
}

// refuseSome looks at the options that depend on their values.
func refuseSome(r *Refusals, service string, c spec.Container) {
	no := func(format string, values ...any) {
		r.add("service %s: %s is not allowed in a preview", service, fmt.Sprintf(format, values...))
	}
	if c.Network != "" && c.Network != "none" {
		no("network_mode: %s", c.Network)
	}
	if c.IPC == "host" {
		no("ipc: host")
	}
	for _, name := range c.CapAdd {
		if !slices.Contains(allowedCapabilities, strings.TrimPrefix(strings.ToUpper(name), "CAP_")) {
			no("cap_add: %s", name)
		}
	}
	for _, option := range c.SecurityOpt {
		if option != "no-new-privileges" && option != "no-new-privileges=true" && option != "no-new-privileges:true" {
			no("security_opt: %s", option)
		}
	}
	for _, host := range c.ExtraHosts {
		if strings.HasSuffix(host, "host-gateway") {
			no("extra_hosts: %s", host)
		}
	}
	for _, limit := range c.Ulimits {
		if name, _, _ := strings.Cut(limit, "="); name != "nofile" && name != "core" && name != "nproc" {
			no("ulimits: %s", limit)
		}
	}
	for _, group := range c.GroupAdd {
		if group == "docker" {
			no("group_add: %s", group)
		}
	}
	if c.OOMScoreAdj < 0 {
		no("oom_score_adj: %d", c.OOMScoreAdj)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Labels)) {
		if strings.HasPrefix(name, "rundock.") {
			no("the label %s, which is rundock's own,", name)
		}
	}
}

// refuseMounts adds the paths of the host that a container is to have.
func refuseMounts(r *Refusals, service string, c spec.Container) {
	for _, volume := range c.Volumes {
		if source, _, named := strings.Cut(volume, ":"); named && strings.HasPrefix(source, "/") {
			r.add("service %s: volumes: %s is a path of the host, which a preview may not have: use a volume, or put what is needed into the image", service, source)
		}
	}
	for _, m := range c.Mounts {
		switch {
		case m.Type == "bind":
			r.add("service %s: volumes: %s is a path of the host, which a preview may not have: use a volume, or put what is needed into the image", service, m.Source)
		case m.Driver != "" || len(m.DriverOptions) > 0:
			r.add("service %s: volumes: %s: a volume with a driver or its options is not allowed in a preview", service, m.Target)
		}
	}
}
