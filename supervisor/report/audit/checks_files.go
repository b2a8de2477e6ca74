package audit

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// fileChecks are those of the benchmark's third chapter: owners and permissions.
var fileChecks = slices.Concat(
	pair("3.1", "3.2", "/lib/systemd/system/docker.service", 0o644, Medium),
	pair("3.3", "3.4", "/lib/systemd/system/docker.socket", 0o644, Medium),
	pair("3.5", "3.6", "/etc/docker", 0o755, Medium),
	some("3.7", "3.8", "certificates of image registries, /etc/docker/certs.d", 0o444, Medium, func(o Observation) []string {
		return o.below("/etc/docker/certs.d", ".crt", ".cert", ".key")
	}),
	some("3.9", "3.10", "the certificate by which dockerd judges clients", 0o444, Medium, func(o Observation) []string { return o.named("tlscacert") }),
	some("3.11", "3.12", "dockerd's certificate", 0o444, Medium, func(o Observation) []string { return o.named("tlscert") }),
	some("3.13", "3.14", "the key of dockerd's certificate", 0o400, High, func(o Observation) []string { return o.named("tlskey") }),
	socket("3.15", "3.16", "/run/docker.sock", "root:docker"),
	pair("3.17", "3.18", "/etc/docker/daemon.json", 0o644, High),
	pair("3.19", "3.20", "/etc/default/docker", 0o644, Medium),
	socket("3.23", "3.24", "/run/containerd/containerd.sock", "root:root"),
)

const fileReason = "who may write it is root on the host"

// pair are the checks of one path: that it is root's, and that it has no more permissions
// than allowed.
func pair(owner, mode, at string, allowed fs.FileMode, s Severity) []Check {
	return some(owner, mode, at, allowed, s, func(o Observation) []string {
		if _, there := o.Files[at]; there {
			return []string{at}
		}
		return nil
	})
}

// some are the same checks of all paths that which returns.
func some(owner, mode, what string, allowed fs.FileMode, s Severity, which func(Observation) []string) []Check {
	skip := func(r *Result, paths []string) {
		if len(paths) == 0 {
			r.Skipped = "there is none of it"
		}
	}
	return []Check{
		{ID: owner, Severity: s, Wants: "root owns " + what, Reason: fileReason, Remedy: "chown root:root PATH",
			look: func(o Observation, r *Result) {
				paths := which(o)
				skip(r, paths)
				for _, p := range paths {
					if f := o.Files[p]; f.UID != 0 || f.GID != 0 {
						r.fault(p, "it is of %s", f.Owner)
					}
				}
			}},
		{ID: mode, Severity: s, Wants: "no more than " + octal(File{Mode: allowed}) + " are the permissions of " + what, Reason: fileReason, Remedy: "chmod " + octal(File{Mode: allowed}) + " PATH",
			look: func(o Observation, r *Result) {
				paths := which(o)
				skip(r, paths)
				for _, p := range paths {
					if f := o.Files[p]; f.beyond(allowed) != 0 {
						r.fault(p, "its permissions are %s", octal(f))
					}
				}
			}},
	}
}

// socket are the checks of a daemon's socket. owner is USER:GROUP that it may have besides root:root.
func socket(ownerID, modeID, at, owner string) []Check {
	checks := pair(ownerID, modeID, at, 0o660, High)
	checks[0].Wants = owner + " own " + at
	checks[0].Remedy = "chown " + owner + " " + at
	checks[0].look = func(o Observation, r *Result) {
		f, there := o.Files[at]
		switch {
		case !there:
			r.Skipped = "there is none of it"
		case f.Owner != owner && f.Owner != "root:root":
			r.fault(at, "it is of %s", f.Owner)
		}
	}
	return checks
}

// below are the files in a folder, and in those of it, whose names end in one of these.
func (o Observation) below(dir string, ends ...string) (paths []string) {
	for _, p := range slices.Sorted(maps.Keys(o.Files)) {
		if strings.HasPrefix(p, dir+"/") && o.Files[p].Mode.IsRegular() && slices.Contains(ends, path.Ext(p)) {
			paths = append(paths, p)
		}
	}
	return paths
}

// named are the files that a setting of dockerd names, and that are there.
func (o Observation) named(setting string) (paths []string) {
	for _, p := range o.list(setting) {
		if _, there := o.Files[p]; there {
			paths = append(paths, p)
		}
	}
	return paths
}
