package audit

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"rundock/internal/container"
)

const again = "run playbooks/site.yml"

// ownChecks are of what rundock promises of a host.
var ownChecks = []Check{
	{ID: "RD-1", Severity: High,
		Wants:  "keys and passwords are for their owner, and perhaps one group, to read",
		Reason: "who has a host's key is that host for the store and the image registry",
		Remedy: "chmod 0600 PATH; if others could read it: playbooks/rotate-ca.yml, or another password",
		look: func(o Observation, r *Result) {
			for _, p := range o.secrets() {
				if f := o.Files[p]; f.beyond(0o640) != 0 {
					r.fault(p, "its permissions are %s, of %s", octal(f), f.Owner)
				}
			}
			r.unread(o, "/etc/rundock", "/root/.docker")
		}},
	{ID: "RD-2", Severity: High,
		Wants:  "root alone can change what is in /etc/rundock, and rundock's programs",
		Reason: "services run as root by it",
		Remedy: "chown root PATH; chmod go-w PATH",
		look: func(o Observation, r *Result) {
			for _, p := range o.under("/etc/rundock") {
				o.judgeOwner(r, p)
			}
			for _, name := range slices.Sorted(maps.Keys(o.Programs)) {
				o.judgeOwner(r, "/usr/local/bin/"+name)
			}
			r.unread(o, "/etc/rundock")
		}},
	{ID: "RD-3", Severity: High,
		Wants:  "root alone can change the folders of services under runit",
		Reason: "what is in them runs as root",
		Remedy: "chown root PATH; chmod go-w PATH",
		look: func(o Observation, r *Result) {
			for _, dir := range []string{"/etc/sv", "/etc/service", "/etc/runit"} {
				for _, p := range o.under(dir) {
					o.judgeOwner(r, p)
				}
				r.unread(o, dir)
			}
		}},
	{ID: "RD-4", Severity: High,
		Wants:  "secrets of services are for root alone to read",
		Reason: "they are for the container",
		Remedy: "chmod 0600 PATH; if others could read it, another secret",
		look: func(o Observation, r *Result) {
			for _, p := range o.under("/etc/sv") {
				if f := o.Files[p]; path.Base(path.Dir(p)) == "env" && f.Mode.IsRegular() && (f.beyond(0o600) != 0 || f.UID != 0) {
					r.fault(p, "its permissions are %s, of %s", octal(f), f.Owner)
				}
			}
			for _, p := range o.under("/etc/rundock/stacks") {
				if f := o.Files[p]; f.Mode.IsRegular() && path.Base(path.Dir(p)) == "secrets" && f.Mode.Perm()&0o022 != 0 {
					r.fault(p, "its permissions are %s, of %s", octal(f), f.Owner)
				}
			}
			r.unread(o, "/etc/sv")
		}},
	{ID: "RD-5", Severity: High,
		Wants:  "rundock's sockets are for root, and for the page of previews its own",
		Reason: "who reaches one writes what the host may write in the store, or leads the load balancer",
		Remedy: "sv force-restart the service whose socket it is, which makes it anew",
		look: func(o Observation, r *Result) {
			for _, p := range o.under("/run/rundock") {
				f := o.Files[p]
				if f.Mode&fs.ModeSocket != 0 && f.beyond(0o660) != 0 || f.Mode&fs.ModeSocket == 0 && f.Mode.Perm()&0o002 != 0 {
					r.fault(p, "its permissions are %s, of %s", octal(f), f.Owner)
				}
			}
			r.unread(o, "/run/rundock")
		}},
	ofListeners(Check{ID: "RD-6", Severity: High,
		Wants:  "dockerd and containerd listen to no other machine",
		Reason: "who reaches them is root on the host",
		Remedy: "take tcp:// out of hosts in daemon.json and of dockerd's arguments"},
		func(o Observation, l Listener) bool {
			return (l.Program == "dockerd" || l.Program == "containerd") && !l.Address.Addr().Unmap().IsLoopback()
		}),
	ofListeners(Check{ID: "RD-7", Severity: High,
		Wants:  "stores, image registries and dnsd listen at the loopback and at the private address alone",
		Reason: "what is for the site's hosts is not for whoever comes by the public interface",
		Remedy: again + ", or take the address out of dnsd.conf, consul.json or the command line of the service"},
		func(o Observation, l Listener) bool {
			return slices.Contains(ofTheSite, l.Program) && l.everywhere(o.Private) && !(l.Program == "dnsd" && o.publicDNS(l))
		}),
	{ID: "RD-8", Severity: High,
		Wants:  "the packet filter is loaded, and as site.yml has it",
		Reason: "without it containers and machines beside reach etcd, images and other hosts' own services",
		Remedy: "rundock_filter: true, and site.yml; rundockd filter status says more",
		look: func(o Observation, r *Result) {
			switch {
			case !o.FilterWanted:
				r.fault("packet filter", "the host has none")
			case o.Filter != "":
				r.fault("packet filter", "%s", o.Filter)
			}
		}},
	{ID: "RD-9", Severity: High,
		Wants:  "the host's certificates are valid, and not about to end",
		Reason: "with one that has ended the host is refused by the store and by the image registry",
		Remedy: again + "; of the authority: playbooks/rotate-ca.yml",
		look: func(o Observation, r *Result) {
			for _, c := range o.Certificates {
				if !c.Good {
					r.fault("certificate "+c.Name, "%s", c.Text)
				}
			}
			if len(o.Certificates) == 0 {
				r.Skipped = "the host has no certificates"
			}
		}},
	{ID: "RD-10", Severity: High,
		Wants:  "the store is asked by TLS alone",
		Reason: "whoever is in the place of a host, or beside it, reads and writes all records",
		Remedy: "site.yml without rundock_trust: false; of an etcd of your own, rundock_etcd_endpoints with https",
		look: func(o Observation, r *Result) {
			for _, at := range o.Plain {
				r.fault(at, "it is asked without TLS")
			}
		}},
	{ID: "RD-11", Severity: High,
		Wants:  "what runs under runit is the image that was asked for",
		Reason: "another one was run by hand, or an image registry has changed what the name means",
		Remedy: "rundock with state: restarted, and the image by its digest",
		look: func(o Observation, r *Result) {
			for _, c := range o.Containers {
				if s, known := o.service(c.Service); known {
					if text := otherImage(s, c); text != "" {
						r.Faults = append(r.Faults, Fault{"container " + c.Name, c.Service, text})
					}
				}
			}
			for _, s := range o.Services {
				if s.Bad != "" {
					r.Faults = append(r.Faults, Fault{"service " + s.Name, s.Name, "its files cannot be read: " + s.Bad})
				}
			}
			r.needs(o.DockerBad)
		}},
	{ID: "RD-12", Severity: Low,
		Wants:  "services name their images by digest",
		Reason: "a name means tomorrow what whoever may push has made of it",
		Remedy: "image: NAME@sha256:... of the service, as rundock_info tells it",
		look: func(o Observation, r *Result) {
			for _, s := range o.Services {
				if s.Image != "" && !strings.Contains(s.Image, "@sha256:") {
					r.Faults = append(r.Faults, Fault{"service " + s.Name, s.Name, "its image is " + s.Image})
				}
			}
		}},
	ofContainers(Check{ID: "RD-13", Severity: Medium,
		Wants:  "what Docker keeps of each container's log has an end",
		Reason: "a container that says much fills the host's disk",
		Remedy: "take log_options out of the service; of other containers: docker run --log-opt max-size=10m"},
		func(o Observation, c container.Posture) string {
			switch size := c.LogOptions["max-size"]; {
			case c.LogDriver == "json-file" && (size == "" || size == "-1"):
				return "its log, of the driver json-file, grows without end"
			case c.LogDriver == "local" && size == "-1":
				return "its log grows without end"
			}
			return ""
		}),
	{ID: "RD-14", Severity: High,
		Wants:  "rundock's programs are those that site.yml sent",
		Reason: "they run as root, and another one is of somebody else",
		Remedy: again + "; it sends them again, and who changed them is to be found",
		look: func(o Observation, r *Result) {
			for _, name := range slices.Sorted(maps.Keys(o.Programs)) {
				switch p := o.Programs[name]; {
				case p.Hash == "":
					r.fault("/usr/local/bin/"+name, "it is not there")
				case p.Hash != p.Sent:
					r.fault("/usr/local/bin/"+name, "its SHA-256 is %s, and what was sent has %s", p.Hash, p.Sent)
				}
			}
			if len(o.Programs) == 0 {
				r.Skipped = "nothing is known of programs that site.yml has sent"
			}
		}},
	ofContainers(Check{ID: "RD-15", Severity: Medium,
		Wants:  "Docker starts no container of a service itself",
		Reason: "after a boot it would run before what it needs, and also where the service is disabled",
		Remedy: "docker update --restart no"},
		func(_ Observation, c container.Posture) string {
			return says(c.Service != "" && c.Restart != "" && c.Restart != "no", "its restart policy is "+c.Restart)
		}),
	{ID: "RD-16", Severity: Medium,
		Wants:  "what listens at the loopback alone is not reached from other machines",
		Reason: "programs ask nobody who comes by the loopback",
		Remedy: "sysctl net.ipv4.conf.INTERFACE.route_localnet=0; Docker sets it for userland-proxy: false",
		look: func(o Observation, r *Result) {
			for _, name := range slices.Sorted(maps.Keys(o.Sysctls)) {
				if strings.HasSuffix(name, ".route_localnet") && o.Sysctls[name] != "0" {
					r.fault(name, "it is %s", o.Sysctls[name])
				}
			}
		}},
	{ID: "RD-17", Severity: Medium,
		Wants:  "rundock's own daemons can get no more rights than they have",
		Reason: "a weakness of one of them is worth less to an intruder",
		Remedy: again + ", whose scripts start them so, or upgrade.yml",
		look: func(o Observation, r *Result) {
			for _, p := range o.Processes {
				if text := p.loose(); text != "" {
					r.fault(p.Service, "%s, process %d, %s", p.Program, p.PID, text)
				}
			}
		}},
}

// ofTheSite are programs that serve hosts of the site alone.
var ofTheSite = []string{"etcd", "dnsd", "consul", "docker-registry", "rundockd", "rundock-store"}

// publicDNS reports whether it is dnsd's port for everybody, by role public_dns.
func (o Observation) publicDNS(l Listener) bool {
	_, there := o.Files["/etc/sv/dnsd-public"]
	return there && l.Address.Port() == 53
}

func ofListeners(c Check, wrong func(Observation, Listener) bool) Check {
	c.look = func(o Observation, r *Result) {
		for _, l := range o.Listeners {
			if l.Protocol == "tcp" && wrong(o, l) {
				r.fault(l.Address.String(), "%s listens there", l.Program)
			}
		}
		r.needs(o.ListenersBad)
	}
	return c
}

// otherImage says that a container is not of the image that its service asks for; "": it is.
func otherImage(s Service, c container.Posture) string {
	if s.Pin != "" {
		return says(c.ImageID != s.Pin, fmt.Sprintf("it runs %s, and after the rollback the service is to run %s", c.ImageID, s.Pin))
	}
	if _, digest, ok := strings.Cut(s.Image, "@"); ok {
		known := slices.ContainsFunc(c.Digests, func(d string) bool { return strings.HasSuffix(d, "@"+digest) })
		return says(!known && c.ImageID != digest, fmt.Sprintf("it runs %s, and the service asks for %s", c.ImageID, s.Image))
	}
	// After a rollback, and while one image takes the place of another, it is called by its id.
	return says(c.Image != s.Image && !strings.HasPrefix(c.Image, "sha256:"), fmt.Sprintf("it was made of %s, and the service asks for %s", c.Image, s.Image))
}

// under are the paths that are dir, or in it.
func (o Observation) under(dir string) (paths []string) {
	for _, p := range slices.Sorted(maps.Keys(o.Files)) {
		if p == dir || strings.HasPrefix(p, dir+"/") {
			paths = append(paths, p)
		}
	}
	return paths
}

// secrets are the files of rundock's that hold a key or a password.
func (o Observation) secrets() (paths []string) {
	for _, p := range append(o.under("/etc/rundock"), o.under("/root/.docker")...) {
		name := path.Base(p)
		secret := strings.HasSuffix(name, ".key") || strings.HasSuffix(name, ".key.new") || strings.Contains(name, "password") ||
			name == "image-user" || name == "image-users" || name == "registry-mirror.yml" || name == "consul.json" || p == "/root/.docker/config.json" || path.Dir(p) == "/etc/rundock/preview/hooks"
		if secret && o.Files[p].Mode.IsRegular() {
			paths = append(paths, p)
		}
	}
	return paths
}

// judgeOwner has r say so where others than root may change a file or folder.
func (o Observation) judgeOwner(r *Result, p string) {
	f, there := o.Files[p]
	if !there || f.Mode&fs.ModeSymlink != 0 {
		return
	}
	switch {
	case f.UID != 0:
		r.fault(p, "it is of %s", f.Owner)
	case f.Mode.Perm()&0o002 != 0 && f.Mode&fs.ModeSticky == 0, f.Mode.Perm()&0o020 != 0 && f.GID != 0:
		r.fault(p, "its permissions are %s, of %s", octal(f), f.Owner)
	}
}

// unread has the check be unknown where some of what it looks at could not be seen; what it has found
// stays.
func (r *Result) unread(o Observation, dirs ...string) {
	for _, text := range o.Unread {
		if slices.ContainsFunc(dirs, func(dir string) bool { return strings.Contains(text, dir) }) {
			r.Unknown = text
		}
	}
}

// Numbers of capabilities, as the kernel has them.
//
// Source: linux/capability.h.
const (
	capChown          = 0
	capDACReadSearch  = 2
	capNetBindService = 10
	capNetAdmin       = 12
	allCapabilities   = uint64(1<<64 - 1)
)

// rights are what one of rundock's programs may keep.
type rights struct {
	program string // its command begins so
	user    bool   // it is not root
	keeps   uint64 // its bounding set has no more
}

// kept are those of programs that start no command of an operator's: others would have it started
// with less than it needs.
var kept = []rights{
	{"dnsd", true, 1 << capNetBindService},
	{"docker-registry", true, 0},
	{"previewd web", true, 1 << capNetBindService},
	{"rundockd images", true, 0},
	{"consul", true, allCapabilities},
	{"rundock-store", false, 1<<capChown | 1<<capDACReadSearch},
	{"rundockd filter", false, 1 << capNetAdmin},
	{"rundockd ship", false, 1 << capDACReadSearch},
	{"rundockd run", false, allCapabilities},
	{"rundockd overlay", false, allCapabilities},
	{"rundockd balance", false, allCapabilities},
	{"previewd route", false, allCapabilities},
}

// loose says which rights of p are more than it needs; "": none.
func (p Process) loose() string {
	i := slices.IndexFunc(kept, func(k rights) bool { return p.Program == k.program || strings.HasPrefix(p.Program, k.program+" ") })
	switch {
	case i < 0:
		return ""
	case kept[i].user && p.UID == 0:
		return "is root"
	case !p.NoNewPrivs:
		return "may get more rights by setuid programs"
	case p.Bounding&^kept[i].keeps != 0:
		return fmt.Sprintf("keeps capabilities that it does not need: %x", p.Bounding&^kept[i].keeps)
	}
	return ""
}
