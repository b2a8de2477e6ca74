package params

import (
	"reflect"
	"strings"

	"rundock/internal/ansible"
	"rundock/internal/spec"
)

// containerSpec is what Ansible is told of containerParams.
var containerSpec = describe([]ansible.Param{
	{Name: "command", Type: ansible.Raw, Description: []string{
		"The command, instead of the image's: a command line, split into words as a shell does, or a list of its words.",
		"In I(args) it stands after C(--). C($PRIVATE_IP), C($PUBLIC_IP), C($ANNOUNCE_IP) and C($HOST) are the host's."}},
	{Name: "entrypoint", Type: ansible.Raw, Description: []string{
		"Replaces the image's ENTRYPOINT: a command line, or a list of its words. An empty list removes it."}},
	{Name: "env", Type: ansible.Dict, Aliases: []string{"environment"}, Description: []string{
		"Environment variables. A value is a text: what YAML takes for something else (C(8086), C(022), C(yes), C(1.10)) has to stand in quotes.",
		"C($PRIVATE_IP), C($PUBLIC_IP), C($ANNOUNCE_IP) and C($HOST) are the host's."}},
	{Name: "env_file", Type: ansible.List, Elements: ansible.Str},
	{Name: "user"},
	{Name: "groups", Type: ansible.List, Elements: ansible.Str, Aliases: []string{"group_add"}},
	{Name: "working_dir", Aliases: []string{"workdir"}},
	{Name: "stop_signal"},
	{Name: "init", Type: ansible.Bool},
	{Name: "healthcheck", Type: ansible.Dict, Description: []string{"The container's health check, instead of the image's."}, Options: []ansible.Param{
		{Name: "test", Type: ansible.Raw, Description: []string{
			"A command for a shell in the container, or a list: C(CMD) and the words of a command that is run without a shell, C(CMD-SHELL) and a command for a shell, or C(NONE) for no check."}},
		{Name: "interval", Number: true},
		{Name: "timeout", Number: true},
		{Name: "retries", Type: ansible.Int},
		{Name: "start_period", Number: true},
		{Name: "start_interval", Number: true},
		{Name: "disable", Type: ansible.Bool},
	}},
	{Name: "labels", Type: ansible.Dict},
	{Name: "annotations", Type: ansible.Dict},
	{Name: "log_options", Type: ansible.Dict, Aliases: []string{"log_opt"}},
	{Name: "platform"},
	{Name: "hostname"},
	{Name: "domainname"},
	{Name: "network_mode", Description: []string{
		"The network the container is in: C(bridge) (Docker's default), C(host), C(none), C(container:NAME) or the name of one. Beside I(networks) it is the first of them."}},
	{Name: "networks", Type: ansible.List, Elements: ansible.Dict, Word: "name", Description: []string{
		"The networks the container is in, which somebody has made: their names, or more of each. The first one counts as I(network_mode).",
		"An overlay network (module rundock_overlay) that is not there yet, as after a boot, is waited for; in one that is made anew the container is again."}, Options: []ansible.Param{
		{Name: "name", Required: true, Description: []string{"Name of the network."}},
		{Name: "aliases", Type: ansible.List, Elements: ansible.Str, Description: []string{"Further names of the container in the network."}},
		{Name: "ipv4_address", Description: []string{"The container's IPv4 address, of the network's subnet."}},
		{Name: "ipv6_address", Description: []string{"The container's IPv6 address, of the network's subnet."}},
		{Name: "link_local_ips", Type: ansible.List, Elements: ansible.Str, Description: []string{"Link-local addresses of the container."}},
		{Name: "mac_address", Description: []string{"The container's MAC address; of a second network from Docker 25."}},
		{Name: "driver_opts", Type: ansible.Dict, Description: []string{"Options for the network's driver."}},
		{Name: "gw_priority", Type: ansible.Int, Description: []string{"The network with the highest number is the way out. From Docker 28."}},
	}},
	{Name: "mac_address"},
	{Name: "published_ports", Type: ansible.List, Elements: ansible.Str, Aliases: []string{"ports"}},
	{Name: "exposed_ports", Type: ansible.List, Elements: ansible.Str, Number: true, Aliases: []string{"exposed", "expose"}},
	{Name: "etc_hosts", Type: ansible.Dict, Aliases: []string{"extra_hosts"}, Description: []string{
		"Lines of the container's C(/etc/hosts): names, and the address of each, which may be C($PRIVATE_IP), C($PUBLIC_IP), C($ANNOUNCE_IP) or C(host-gateway)."}},
	{Name: "dns_servers", Type: ansible.List, Elements: ansible.Str, Aliases: []string{"dns"}},
	{Name: "dns_search_domains", Type: ansible.List, Elements: ansible.Str, Aliases: []string{"dns_search"}},
	{Name: "dns_opts", Type: ansible.List, Elements: ansible.Str, Aliases: []string{"dns_opt"}},
	{Name: "volumes", Type: ansible.List, Elements: ansible.Str},
	{Name: "volume_driver"},
	{Name: "volumes_from", Type: ansible.List, Elements: ansible.Str},
	{Name: "mounts", Type: ansible.List, Elements: ansible.Dict, Description: []string{
		"Mounts with settings that I(volumes) and I(tmpfs) have not."}, Options: []ansible.Param{
		{Name: "target", Required: true, Description: []string{"Path in the container. C($HOST) and the like are the host's."}},
		{Name: "source", Description: []string{"A path of the host for C(bind); the name of a volume for C(volume), where none is an anonymous one. C($HOST) and the like are the host's."}},
		{Name: "type", Choices: []string{"bind", "volume", "tmpfs"}, Description: []string{"What is mounted; C(volume) unless given."}},
		{Name: "read_only", Type: ansible.Bool, Description: []string{"Mounts it read-only."}},
		{Name: "propagation", Choices: []string{"private", "rprivate", "shared", "rshared", "slave", "rslave"}, Description: []string{"For C(bind): propagation of mounts; C(rprivate) unless given."}},
		{Name: "non_recursive", Type: ansible.Bool, Description: []string{"For C(bind): leaves out what is mounted below the source."}},
		{Name: "read_only_non_recursive", Type: ansible.Bool, Description: []string{"For C(bind): what is mounted below the source stays writable."}},
		{Name: "read_only_force_recursive", Type: ansible.Bool, Description: []string{"For C(bind): fails where what is mounted below the source cannot be made read-only. From Docker 25."}},
		{Name: "create_mountpoint", Type: ansible.Bool, Description: []string{"For C(bind): makes a source that is not there. From Docker 23."}},
		{Name: "no_copy", Type: ansible.Bool, Description: []string{"For C(volume): does not fill a new volume with what the image has there."}},
		{Name: "subpath", Description: []string{"For C(volume): mounts this path of the volume. From Docker 26."}},
		{Name: "volume_driver", Description: []string{"For C(volume): the driver of a volume that is made."}},
		{Name: "volume_options", Type: ansible.Dict, Description: []string{"For C(volume): options of the driver."}},
		{Name: "labels", Type: ansible.Dict, Description: []string{"For C(volume): labels of a volume that is made."}},
		{Name: "tmpfs_size", Number: true, Description: []string{"For C(tmpfs): its size, a number with an optional unit b, k, m, g, t."}},
		{Name: "tmpfs_mode", Description: []string{"For C(tmpfs): its mode, an octal number in quotes such as C('1777')."}},
	}},
	{Name: "tmpfs", Type: ansible.List, Elements: ansible.Str},
	{Name: "shm_size", Number: true},
	{Name: "storage_opts", Type: ansible.Dict, Aliases: []string{"storage_opt"}},
	{Name: "read_only", Type: ansible.Bool},
	{Name: "memory", Number: true, Aliases: []string{"mem_limit"}},
	{Name: "memory_reservation", Number: true, Aliases: []string{"mem_reservation"}},
	{Name: "memory_swap", Number: true, Aliases: []string{"memswap_limit"}},
	{Name: "memory_swappiness", Type: ansible.Int, Aliases: []string{"mem_swappiness"}},
	{Name: "oom_kill_disable", Type: ansible.Bool, Aliases: []string{"oom_killer"}, Description: []string{
		"Has the kernel not kill the container's processes for want of memory (cgroup v1). The alias I(oom_killer), which is community.docker's name, means the same: C(true) disables."}},
	{Name: "oom_score_adj", Type: ansible.Int},
	{Name: "cpus", Number: true},
	{Name: "cpu_shares", Type: ansible.Int},
	{Name: "cpuset_cpus", Number: true, Aliases: []string{"cpuset"}},
	{Name: "cpuset_mems", Number: true},
	{Name: "pids_limit", Type: ansible.Int},
	{Name: "blkio_weight", Type: ansible.Int},
	{Name: "blkio_weight_device", Type: ansible.List, Elements: ansible.Dict, Options: rateOptions("weight", "A number from 10 to 1000.")},
	{Name: "device_read_bps", Type: ansible.List, Elements: ansible.Dict, Options: rateOptions("rate", "Bytes a second, with an optional unit b, k, m, g, t.")},
	{Name: "device_write_bps", Type: ansible.List, Elements: ansible.Dict, Options: rateOptions("rate", "Bytes a second, with an optional unit b, k, m, g, t.")},
	{Name: "device_read_iops", Type: ansible.List, Elements: ansible.Dict, Options: rateOptions("rate", "Operations a second.")},
	{Name: "device_write_iops", Type: ansible.List, Elements: ansible.Dict, Options: rateOptions("rate", "Operations a second.")},
	{Name: "ulimits", Type: ansible.List, Elements: ansible.Str},
	{Name: "cgroup_parent"},
	{Name: "privileged", Type: ansible.Bool},
	{Name: "capabilities", Type: ansible.List, Elements: ansible.Str, Aliases: []string{"cap_add"}},
	{Name: "cap_drop", Type: ansible.List, Elements: ansible.Str},
	{Name: "security_opts", Type: ansible.List, Elements: ansible.Str, Aliases: []string{"security_opt"}},
	{Name: "sysctls", Type: ansible.Dict},
	{Name: "devices", Type: ansible.List, Elements: ansible.Str},
	{Name: "device_cgroup_rules", Type: ansible.List, Elements: ansible.Str},
	{Name: "device_requests", Type: ansible.List, Elements: ansible.Dict, Description: []string{
		"Asks a device driver of Docker for devices, such as GPUs."}, Options: []ansible.Param{
		{Name: "capabilities", Type: ansible.Raw, Description: []string{"A list of capabilities, or a list that holds one such list. C(gpu) is always among them, except for the driver C(cdi)."}},
		{Name: "count", Type: ansible.Int, Description: []string{"How many devices; C(-1) is all, and 1 unless I(device_requests[].device_ids) are given."}},
		{Name: "device_ids", Type: ansible.List, Elements: ansible.Str, Description: []string{"Devices by their ids, instead of I(device_requests[].count)."}},
		{Name: "driver", Description: []string{"Name of the driver; unless given, the one that has the capabilities."}},
		{Name: "options", Type: ansible.Dict, Description: []string{"Options of the driver."}},
	}},
	{Name: "runtime"},
	{Name: "cgroupns_mode", Choices: []string{"host", "private"}},
	{Name: "ipc_mode", Aliases: []string{"ipc"}},
	{Name: "pid_mode", Aliases: []string{"pid"}},
	{Name: "userns_mode"},
	{Name: "uts"},
})

func rateOptions(key, what string) []ansible.Param {
	return []ansible.Param{
		{Name: "path", Required: true, Description: []string{"Path of the device on the host."}},
		{Name: key, Required: true, Number: true, Description: []string{what}},
	}
}

// describe fills in the descriptions of parameters that have none from those
// of their flags.
func describe(list []ansible.Param) []ansible.Param {
	describeAs(list, reflect.TypeFor[containerParams]())
	for _, p := range list {
		if p.Name == "healthcheck" {
			describeAs(p.Options, reflect.TypeFor[healthParams]())
		}
	}
	return list
}

func describeAs(list []ansible.Param, t reflect.Type) {
	flags := map[string]string{}
	for i := range t.NumField() {
		flags[t.Field(i).Tag.Get("json")] = t.Field(i).Tag.Get("flag")
	}
	for i := range list {
		flag := flags[list[i].Name]
		if list[i].Description != nil || flag == "" {
			continue
		}
		what, allowed := spec.Describe(flag)
		list[i].Description = []string{strings.ToUpper(what[:1]) + what[1:] + "."}
		if list[i].Type != ansible.Bool && list[i].Options == nil && list[i].Choices == nil {
			list[i].Description = append(list[i].Description, "As C(--"+flag+") in I(args): "+allowed+".")
		}
	}
}
