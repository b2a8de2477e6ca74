package audit

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"rundock/internal/container"
	"rundock/internal/hostconfig"
)

// containerChecks are those of the benchmark's fifth chapter, of each container that runs.
var containerChecks = []Check{
	ofDaemon(Check{ID: "5.1", Severity: Medium,
		Wants:  "Docker's swarm is off",
		Reason: "it listens to other machines, and rundock has no use for it",
		Remedy: "docker swarm leave --force"},
		func(o Observation, r *Result) {
			if o.Docker.Swarm {
				r.fault("swarm", "this host is part of one")
			}
		}),
	ofContainers(Check{ID: "5.2", Severity: Medium,
		Wants:  "AppArmor, where the kernel has it, keeps each container to a profile",
		Reason: "it refuses what gets a process out of its container, as to write to /proc",
		Remedy: "take apparmor=unconfined out of the service's security_opt"},
		func(o Observation, c container.Posture) string {
			if has(o.Docker.Security, "name=apparmor") && !c.Privileged && (c.AppArmor == "" || c.AppArmor == "unconfined") {
				return "it has no profile"
			}
			return ""
		}),
	ofContainers(Check{ID: "5.3", Severity: Medium,
		Wants:  "SELinux, where dockerd has it, labels each container",
		Reason: "it keeps a container from files of others and of the host",
		Remedy: "take label=disable out of the service's security_opt"},
		func(o Observation, c container.Posture) string {
			if has(o.Docker.Security, "name=selinux") && slices.ContainsFunc(c.Security, func(s string) bool { return s == "label=disable" || s == "label:disable" }) {
				return "it has no label"
			}
			return ""
		}),
	ofContainers(Check{ID: "5.4", Severity: High,
		Wants:  "no container has capabilities that Docker does not give by itself",
		Reason: "many of them, as SYS_ADMIN, are as good as root on the host",
		Remedy: "take them out of the service's cap_add"},
		func(_ Observation, c container.Posture) string {
			if more := slices.DeleteFunc(slices.Clone(c.CapAdd), func(name string) bool { return slices.Contains(usualCapabilities, name) }); len(more) > 0 {
				return "it has " + strings.Join(more, ", ")
			}
			return ""
		}),
	ofContainers(Check{ID: "5.5", Severity: High,
		Wants:  "no container is privileged",
		Reason: "it is root on the host",
		Remedy: "take privileged out of the service; name what it needs by cap_add and devices"},
		func(_ Observation, c container.Posture) string { return says(c.Privileged, "it is privileged") }),
	ofContainers(Check{ID: "5.6", Severity: High,
		Wants:  "no container can write to folders of the host's own",
		Reason: "who writes there is root on the host",
		Remedy: "mount another folder, or this one as ro, by the service's volumes"},
		func(_ Observation, c container.Posture) string {
			var all []string
			for _, m := range c.Mounts {
				if m.Writable && !m.Volume && sensitive(m.Source) {
					all = append(all, m.Source)
				}
			}
			return says(len(all) > 0, "it can write to "+strings.Join(all, ", "))
		}),
	ofContainers(Check{ID: "5.7", Severity: Low,
		Wants:  "no container has a server of ssh",
		Reason: "it has keys and users of its own, which nobody looks after",
		Remedy: "docker exec, or rundockd logs, from the host"},
		func(o Observation, c container.Posture) string { return says(o.Shells[c.ID] != 0, "sshd runs in it") }),
	ofContainers(Check{ID: "5.8", Severity: Low,
		Wants:  "no container takes ports below 1024",
		Reason: "others believe that root serves there",
		Remedy: "announce another port, or have the load balancer before it (rundock_loadbalancer_frontends)"},
		func(_ Observation, c container.Posture) string {
			return ports(c, "it takes ", func(p container.PublishedPort) bool {
				n, err := strconv.Atoi(p.Port)
				return err == nil && n > 0 && n < 1024
			})
		}),
	ofContainers(Check{ID: "5.10", Severity: Medium,
		Wants:  "no container has the host's network",
		Reason: "it reaches what listens on the host's loopback alone, and sees its packets",
		Remedy: "networks of the service, and announce_as instead of network: host"},
		func(_ Observation, c container.Posture) string {
			return says(c.HostNetwork, "it has the host's network")
		}),
	ofContainers(Check{ID: "5.11", Severity: Medium,
		Wants:  "each container has a limit of memory",
		Reason: "one that takes all has the kernel kill processes of others",
		Remedy: "memory of the service"},
		func(_ Observation, c container.Posture) string {
			return says(c.Memory == 0, "it may take all memory of the host")
		}),
	ofContainers(Check{ID: "5.12", Severity: Low,
		Wants:  "each container has its share of the processors",
		Reason: "one that takes all makes all others slow",
		Remedy: "cpus or cpu_shares of the service"},
		func(_ Observation, c container.Posture) string {
			return says(!c.CPULimited, "it may take all processors")
		}),
	ofContainers(Check{ID: "5.13", Severity: Low,
		Wants:  "no container can write to its own root file system",
		Reason: "an intruder cannot leave a program there",
		Remedy: "read_only of the service, with volumes and tmpfs for what it writes"},
		func(_ Observation, c container.Posture) string {
			return says(!c.ReadOnly, "it can write to its root file system")
		}),
	ofContainers(Check{ID: "5.14", Severity: Medium,
		Wants:  "what a container publishes is at an address of the host that was chosen",
		Reason: "at all addresses it is also for those outside",
		Remedy: "announces of the service, which publishes at its address, or ports with $PRIVATE_IP"},
		func(_ Observation, c container.Posture) string {
			return ports(c, "it is reached at all addresses of the host: ", func(p container.PublishedPort) bool {
				return p.Address == "" || p.Address == "0.0.0.0" || p.Address == "::"
			})
		}),
	ofContainers(Check{ID: "5.15", Severity: Low,
		Wants:  "Docker starts no container again without end",
		Reason: "one that fails at once takes the host's processors, and what is wrong is not seen",
		Remedy: "have it be a service of rundock, which waits longer each time; or docker update --restart on-failure:5"},
		func(_ Observation, c container.Posture) string {
			switch c.Restart {
			case "always", "unless-stopped":
				return "its restart policy is " + c.Restart
			case "on-failure":
				return says(c.Restarts == 0 || c.Restarts > 5, "its restart policy is on-failure, without end or more than 5 times")
			}
			return ""
		}),
	ofContainers(Check{ID: "5.16", Severity: High,
		Wants:  "no container sees the host's processes",
		Reason: "it can read their environment and memory, and end them",
		Remedy: "take pid: host out of the service"},
		func(_ Observation, c container.Posture) string {
			return says(c.HostPID, "it sees the host's processes")
		}),
	ofContainers(Check{ID: "5.17", Severity: Medium,
		Wants:  "no container has the host's shared memory",
		Reason: "it can read and change what the host's processes have there",
		Remedy: "take ipc: host out of the service"},
		func(_ Observation, c container.Posture) string {
			return says(c.HostIPC, "it has the host's shared memory and semaphores")
		}),
	ofContainers(Check{ID: "5.18", Severity: Medium,
		Wants:  "no container has devices of the host",
		Reason: "what is behind a device, as a disk, is not kept from it",
		Remedy: "take them out of the service's devices"},
		func(_ Observation, c container.Posture) string {
			return says(len(c.Devices) > 0 && !c.Privileged, "it has "+strings.Join(c.Devices, ", "))
		}),
	ofContainers(Check{ID: "5.20", Severity: Medium,
		Wants:  "what a container mounts is not seen on the host",
		Reason: "it can lay folders over those of the host",
		Remedy: "take shared out of the service's volumes"},
		func(_ Observation, c container.Posture) string {
			for _, m := range c.Mounts {
				if strings.HasSuffix(m.Propagation, "shared") {
					return m.Source + " is mounted " + m.Propagation
				}
			}
			return ""
		}),
	ofContainers(Check{ID: "5.21", Severity: Low,
		Wants:  "no container has the host's name",
		Reason: "it can change it",
		Remedy: "take uts: host out of the service"},
		func(_ Observation, c container.Posture) string {
			return says(c.HostUTS, "it can change the host's name")
		}),
	ofContainers(Check{ID: "5.22", Severity: High,
		Wants:  "each container is kept from calls to the kernel that it does not need",
		Reason: "most ways out of a container are weaknesses of such calls",
		Remedy: "take seccomp=unconfined out of the service's security_opt"},
		func(_ Observation, c container.Posture) string {
			return says(has(c.Security, "seccomp=unconfined") || has(c.Security, "seccomp:unconfined"), "it may make all calls")
		}),
	ofContainers(Check{ID: "5.25", Severity: Low,
		Wants:  "each container is in Docker's own cgroup",
		Reason: "limits of another one were perhaps not thought about for it",
		Remedy: "take cgroup_parent out of the service"},
		func(o Observation, c container.Posture) string {
			if c.CgroupParent == "" || c.CgroupParent == o.Settings["cgroup-parent"] {
				return ""
			}
			return "it is in " + c.CgroupParent
		}),
	ofContainers(Check{ID: "5.26", Severity: Medium,
		Wants:  "no process of a container gets more rights than it has",
		Reason: "a program with the setuid bit in an image is a way to root there",
		Remedy: "security_opt: [no-new-privileges] of the service, or " + byOptions("no-new-privileges: true")},
		func(o Observation, c container.Posture) string {
			own := has(c.Security, "no-new-privileges") || has(c.Security, "no-new-privileges:true") || has(c.Security, "no-new-privileges=true")
			off := has(c.Security, "no-new-privileges:false") || has(c.Security, "no-new-privileges=false")
			return says(off || !own && o.Settings["no-new-privileges"] != true, "its processes may become root by setuid programs")
		}),
	ofContainers(Check{ID: "5.27", Severity: Low,
		Wants:  "somebody looks whether each container is well",
		Reason: "one that hangs is not replaced",
		Remedy: "healthcheck or announces of the service"},
		func(o Observation, c container.Posture) string {
			s, _ := o.service(c.Service)
			return says(!c.Checked && !s.Announced, "nobody looks whether it is well")
		}),
	ofContainers(Check{ID: "5.29", Severity: Medium,
		Wants:  "each container has a limit of processes",
		Reason: "one that makes them without end leaves none to the host",
		Remedy: "pids_limit of the service"},
		func(_ Observation, c container.Posture) string {
			return says(c.Processes == 0, "it may make processes without end")
		}),
	ofContainers(Check{ID: "5.30", Severity: Low,
		Wants:  "no container is in the network bridge",
		Reason: "all containers that nobody has thought about are there, and reach each other",
		Remedy: "networks of the service, of an overlay network"},
		func(o Observation, c container.Posture) string {
			return says(c.DefaultBridge && !o.Docker.Separate, "it is in the network bridge")
		}),
	ofContainers(Check{ID: "5.31", Severity: Medium,
		Wants:  "root in a container is no user of the host, where dockerd maps users",
		Reason: "it is taken out of what keeps the others",
		Remedy: "take userns: host out of the service"},
		func(o Observation, c container.Posture) string {
			return says(c.HostUser && has(o.Docker.Security, "name=userns"), "its root is the host's")
		}),
	ofContainers(Check{ID: "5.32", Severity: High,
		Wants:  "no container has the socket of Docker",
		Reason: "it is root on the host",
		Remedy: "take it out of the service's volumes"},
		func(_ Observation, c container.Posture) string {
			for _, m := range c.Mounts {
				if at := unlinked(m.Source); at == "/run/docker.sock" || at == "/run/containerd/containerd.sock" || at == "/run" || at == "/" {
					return "it has " + m.Source
				}
			}
			return ""
		}),
}

// usualCapabilities are those that Docker gives by itself.
//
// Source: Docker's documentation, "Linux kernel capabilities".
var usualCapabilities = []string{"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}

// sensitiveFolders are those of the host's own. What is below them is as well.
var sensitiveFolders = []string{"/boot", "/dev", "/etc", "/lib", "/lib64", "/bin", "/sbin", "/proc", "/root", "/run", "/sys", "/usr", "/var/lib/docker", hostconfig.StateDir, "/var/lib/dnsd"}

// sensitive reports whether a container that writes to a path of the host is root there.
func sensitive(at string) bool {
	at = unlinked(path.Clean(at))
	// Docker's own, such as /etc/hosts of a container, are in its data; volumes are as well.
	if strings.HasPrefix(at, "/var/lib/docker/volumes/") || strings.HasPrefix(at, "/var/lib/docker/containers/") {
		return false
	}
	return at == "/" || slices.ContainsFunc(sensitiveFolders, func(dir string) bool { return at == dir || strings.HasPrefix(at, dir+"/") })
}

// ofContainers is c, of each container for which look says what is wrong.
func ofContainers(c Check, look func(Observation, container.Posture) string) Check {
	c.look = func(o Observation, r *Result) {
		for _, one := range o.Containers {
			if text := look(o, one); text != "" {
				r.Faults = append(r.Faults, Fault{Subject: "container " + one.Name, Service: one.Service, Text: text})
			}
		}
		r.needs(o.DockerBad)
	}
	return c
}

// says is text where that is so.
func says(so bool, text string) string {
	if so {
		return text
	}
	return ""
}

// ports lists those that are published and that which chooses.
func ports(c container.Posture, text string, which func(container.PublishedPort) bool) string {
	var all []string
	for _, p := range c.Published {
		if which(p) {
			all = append(all, cmp.Or(p.Address, "*")+":"+p.Port+"/"+p.Protocol)
		}
	}
	return says(len(all) > 0, text+strings.Join(all, ", "))
}
