package audit

import (
	"fmt"
	"slices"
	"strings"
)

// byOptions is how a setting of dockerd is given.
func byOptions(setting string) string { return "rundock_docker_options: {" + setting + "}" }

// daemonChecks are those of the benchmark's second chapter, on dockerd.
var daemonChecks = []Check{
	ofDaemon(Check{ID: "2.1", Severity: Low,
		Wants:  "dockerd does not run as root",
		Reason: "a weakness of it is one of the host",
		Remedy: "Docker's rootless mode, where nothing needs overlay networks or ports below 1024"},
		func(o Observation, r *Result) {
			if !has(o.Docker.Security, "name=rootless") {
				r.fault("dockerd", "it runs as root")
			}
		}),
	ofDaemon(Check{ID: "2.2", Severity: Medium,
		Wants:  "containers of the network bridge do not reach each other",
		Reason: "whoever takes over one of them reaches all ports of the others",
		Remedy: byOptions("icc: false")},
		func(o Observation, r *Result) {
			if !o.Docker.Separate {
				r.fault("network bridge", "its containers reach each other's ports, also those that are not published")
			}
		}),
	ofSettings(Check{ID: "2.3", Severity: Low,
		Wants:  "dockerd's log level is info",
		Reason: "debug writes what containers are given into the log; above info it says too little of what happened",
		Remedy: byOptions("log-level: info")},
		func(o Observation, r *Result) {
			if level, given := o.setting("log-level"); given && level != "info" {
				r.fault("log-level", "it is %v", level)
			}
			if o.Settings["debug"] == true {
				r.fault("debug", "it is true")
			}
		}),
	ofSettings(Check{ID: "2.4", Severity: Medium,
		Wants:  "dockerd may change the packet filter",
		Reason: "without its rules what is published is published past the filter, or not at all, and networks are not kept apart",
		Remedy: byOptions("iptables: true")},
		func(o Observation, r *Result) {
			if o.Settings["iptables"] == false {
				r.fault("iptables", "it is false")
			}
		}),
	ofDaemon(Check{ID: "2.5", Severity: High,
		Wants:  "dockerd speaks with image registries by TLS alone",
		Reason: "whoever answers in an image registry's place, or is on the way there, chooses what runs",
		Remedy: "site.yml without rundock_trust: false, and rundock_image_registries without it"},
		func(o Observation, r *Result) {
			for _, name := range o.Docker.Insecure {
				r.fault(name, "dockerd takes images from it without TLS")
			}
		}),
	ofDaemon(Check{ID: "2.6", Severity: Low,
		Wants:  "the storage driver is not aufs",
		Reason: "no kernel of today has it, and nobody mends it",
		Remedy: byOptions("storage-driver: overlay2")},
		func(o Observation, r *Result) {
			if o.Docker.Storage == "aufs" {
				r.fault("storage-driver", "it is aufs")
			}
		}),
	ofSettings(Check{ID: "2.7", Severity: High,
		Wants:  "dockerd asks whoever comes by TCP for a certificate",
		Reason: "who reaches Docker's API is root on the host",
		Remedy: "take tcp:// out of hosts in daemon.json and of dockerd's arguments, or " + byOptions("tlsverify: true, tlscacert: ..., tlscert: ..., tlskey: ...")},
		func(o Observation, r *Result) {
			for _, at := range append(o.list("hosts"), o.list("host")...) {
				if strings.HasPrefix(at, "tcp://") && o.Settings["tlsverify"] != true {
					r.fault(at, "dockerd listens there, and asks for no certificate")
				}
			}
		}),
	ofSettings(Check{ID: "2.8", Severity: Low,
		Wants:  "containers have limits of files and processes that were thought about",
		Reason: "a container that opens files without end takes them from all others",
		Remedy: byOptions("default-ulimits: {nofile: {Name: nofile, Soft: 65536, Hard: 65536}}") + ", or ulimits of each service"},
		func(o Observation, r *Result) {
			if _, given := o.setting("default-ulimits"); !given {
				if _, given = o.setting("default-ulimit"); !given {
					r.fault("default-ulimits", "dockerd has none: containers have dockerd's own")
				}
			}
		}),
	ofDaemon(Check{ID: "2.9", Severity: Medium,
		Wants:  "root in a container is another user on the host",
		Reason: "who breaks out of a container is nobody on the host then",
		Remedy: byOptions("userns-remap: default") + "; files of volumes have other owners then"},
		func(o Observation, r *Result) {
			if !has(o.Docker.Security, "name=userns") && !has(o.Docker.Security, "name=rootless") {
				r.fault("userns-remap", "root in a container is root on the host")
			}
		}),
	ofSettings(Check{ID: "2.10", Severity: Low,
		Wants:  "containers are in Docker's own cgroup",
		Reason: "limits of another one were perhaps not thought about for containers",
		Remedy: "take cgroup-parent out of daemon.json and of dockerd's arguments"},
		func(o Observation, r *Result) {
			if parent, given := o.setting("cgroup-parent"); given {
				r.fault("cgroup-parent", "it is %v", parent)
			}
		}),
	ofSettings(Check{ID: "2.11", Severity: Low,
		Wants:  "the size of containers' disks is what the storage driver has by itself",
		Reason: "a larger one lets a container fill the host's disk",
		Remedy: "take dm.basesize out of storage-opts"},
		func(o Observation, r *Result) {
			for _, option := range append(o.list("storage-opts"), o.list("storage-opt")...) {
				if strings.HasPrefix(option, "dm.basesize") {
					r.fault("storage-opts", "it has %s", option)
				}
			}
		}),
	ofDaemon(Check{ID: "2.12", Severity: Medium,
		Wants:  "somebody is asked which commands a user of Docker may give",
		Reason: "Docker itself lets whoever reaches it do everything",
		Remedy: byOptions("authorization-plugins: [NAME]")},
		func(o Observation, r *Result) {
			if len(o.Docker.Authorizers) == 0 {
				r.fault("authorization-plugins", "there is none")
			}
		}),
	ofDaemon(Check{ID: "2.13", Severity: Low,
		Wants:  "logs of containers are sent to another machine",
		Reason: "an intruder removes those of the host",
		Remedy: "rundock_logs_to, and site.yml; or log_driver of a service"},
		func(o Observation, r *Result) {
			shipped := slices.ContainsFunc(o.Processes, func(p Process) bool { return p.Program == "rundockd ship" })
			if d := o.Docker.LogDriver; !shipped && (d == "json-file" || d == "local" || d == "none") {
				r.fault("log-driver", "it is %s, which stays on the host, and rundockd ship does not run", d)
			}
		}),
	ofSettings(Check{ID: "2.14", Severity: Medium,
		Wants:  "processes of containers get no more rights than they have, unless a service says so",
		Reason: "a program with the setuid bit in an image is a way to root there",
		Remedy: byOptions("no-new-privileges: true")},
		func(o Observation, r *Result) {
			if o.Settings["no-new-privileges"] != true {
				r.fault("no-new-privileges", "dockerd does not have it for all containers")
			}
		}),
	ofDaemon(Check{ID: "2.15", Severity: Medium,
		Wants:  "containers run on while dockerd restarts",
		Reason: "an upgrade of Docker, or its end, would stop all services",
		Remedy: "run site.yml, which sets live-restore"},
		func(o Observation, r *Result) {
			if !o.Docker.LiveRestore {
				r.fault("live-restore", "it is false")
			}
		}),
	ofSettings(Check{ID: "2.16", Severity: Low,
		Wants:  "dockerd has no process of its own for each published port",
		Reason: "each is one more program, as root, that others reach",
		Remedy: byOptions("userland-proxy: false")},
		func(o Observation, r *Result) {
			if o.Settings["userland-proxy"] != false {
				r.fault("userland-proxy", "it is true")
			}
		}),
	ofDaemon(Check{ID: "2.17", Severity: High,
		Wants:  "dockerd keeps containers from calls to the kernel that they do not need",
		Reason: "most ways out of a container are weaknesses of such calls",
		Remedy: "take seccomp-profile: unconfined out of daemon.json; a kernel with seccomp"},
		func(o Observation, r *Result) {
			switch {
			case !has(o.Docker.Security, "name=seccomp"):
				r.fault("seccomp", "the kernel, or dockerd, is without it")
			case slices.ContainsFunc(o.Docker.Security, func(s string) bool {
				return strings.HasPrefix(s, "name=seccomp") && strings.Contains(s, "profile=unconfined")
			}):
				r.fault("seccomp-profile", "it is unconfined")
			}
		}),
	ofDaemon(Check{ID: "2.18", Severity: Low,
		Wants:  "dockerd has no experimental features",
		Reason: "they have been looked at less, and change",
		Remedy: byOptions("experimental: false")},
		func(o Observation, r *Result) {
			if o.Docker.Experimental {
				r.fault("experimental", "it is true")
			}
		}),
}

// ofDaemon is c, which is of what dockerd says of itself.
func ofDaemon(c Check, look func(Observation, *Result)) Check {
	c.look = func(o Observation, r *Result) {
		look(o, r)
		r.needs(o.DockerBad)
	}
	return c
}

// ofSettings is c, which is of daemon.json and dockerd's arguments.
func ofSettings(c Check, look func(Observation, *Result)) Check {
	c.look = func(o Observation, r *Result) {
		look(o, r)
		r.needs(o.SettingsBad)
	}
	return c
}

// has reports whether list has s, or s with more after a comma.
func has(list []string, s string) bool {
	return slices.ContainsFunc(list, func(one string) bool { return one == s || strings.HasPrefix(one, s+",") })
}

// octal is a mode as people write it.
func octal(f File) string { return fmt.Sprintf("%04o", f.Mode.Perm()) }
