package audit

import (
	"slices"
	"strings"
)

const watchRemedy = "a line \"-w PATH -p rwxa -k docker\" in /etc/audit/rules.d, and augenrules --load"

// hostChecks are those of the benchmark's first chapter.
var hostChecks = slices.Concat([]Check{
	{ID: "1.1.1", Severity: Low,
		Wants:  "Docker's data has a file system of its own",
		Reason: "images, logs and what containers write may fill the host's disk, and then nothing on it works",
		Remedy: "mount a file system at the folder, or name another folder by rundock_docker_options: {data-root: ...}",
		look: func(o Observation, r *Result) {
			if o.DockerBad == "" && !slices.Contains(o.Mounts, o.Docker.Root) {
				r.fault(o.Docker.Root, "it is on the file system of another folder")
			}
			r.needs(o.DockerBad)
		}},
	{ID: "1.1.2", Severity: High,
		Wants:  "nobody is in the group docker",
		Reason: "who may use Docker's socket is root on the host",
		Remedy: "gpasswd -d USER docker; give people sudo instead, which is written down",
		look: func(o Observation, r *Result) {
			for _, user := range o.DockerGroup {
				if user != "root" {
					r.fault("user "+user, "is in the group docker")
				}
			}
		}},
}, watchChecks())

// watched are what auditd is to watch, by the benchmark's numbers.
var watched = []struct{ id, path string }{
	{"1.1.3", "/usr/bin/dockerd"}, {"1.1.4", "/run/containerd"}, {"1.1.5", "/var/lib/docker"}, {"1.1.6", "/etc/docker"}, {"1.1.7", "/lib/systemd/system/docker.service"},
	{"1.1.8", "/run/containerd/containerd.sock"}, {"1.1.9", "/run/docker.sock"}, {"1.1.10", "/etc/default/docker"}, {"1.1.11", "/etc/docker/daemon.json"},
	{"1.1.12", "/etc/containerd/config.toml"}, {"1.1.14", "/usr/bin/containerd"}, {"1.1.15", "/usr/bin/containerd-shim"},
	{"1.1.16", "/usr/bin/containerd-shim-runc-v1"}, {"1.1.17", "/usr/bin/containerd-shim-runc-v2"}, {"1.1.18", "/usr/bin/runc"},
}

// unlinked is path as programs ask for it that know it by its older name.
func unlinked(path string) string {
	if rest, ok := strings.CutPrefix(path, "/var/run/"); ok {
		return "/run/" + rest
	}
	if rest, ok := strings.CutPrefix(path, "/usr/lib/"); ok {
		return "/lib/" + rest
	}
	return path
}

func watchChecks() (all []Check) {
	for _, w := range watched {
		all = append(all, Check{ID: w.id, Severity: Low,
			Wants:  "auditd, where there is one, notes who changes " + w.path,
			Reason: "whoever changes it is root on the host, and it is known afterwards who that was",
			Remedy: watchRemedy,
			look: func(o Observation, r *Result) {
				_, there := o.Files[w.path]
				switch {
				case o.Audited == nil:
					r.Skipped = "there is no auditd"
				case !there:
					r.Skipped = w.path + " is not there"
				case !slices.ContainsFunc(*o.Audited, func(path string) bool { return unlinked(strings.TrimSuffix(path, "/")) == w.path }):
					r.fault(w.path, "no rule of auditd watches it")
				}
			}})
	}
	return all
}

// needs has the check be unknown where what it looks at could not be seen. Its faults are of
// what nobody has seen, then.
func (r *Result) needs(why string) {
	if why != "" {
		*r = Result{Unknown: why}
	}
}
