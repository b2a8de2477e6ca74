package audit

import (
	"io/fs"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rundock/internal/container"
)

var now = time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)

// wellKept is a host of which nothing but what is accepted everywhere is to be found.
func wellKept() Observation {
	of := func(mode fs.FileMode) File { return File{Mode: mode, Owner: "root:root"} }
	socket := File{Mode: fs.ModeSocket | 0o660, GID: 999, Owner: "root:docker"}
	return Observation{
		Time: now, Host: "node-1",
		Files: map[string]File{
			"/etc/docker": of(fs.ModeDir | 0o755), "/etc/docker/daemon.json": of(0o644), "/run/docker.sock": socket, "/lib/systemd/system/docker.service": of(0o644),
			"/etc/rundock": of(fs.ModeDir | 0o755), "/etc/rundock/pki/host.key": of(0o600), "/etc/rundock/pki/dns.key": {Mode: 0o640, GID: 105, Owner: "root:dnsd"}, "/etc/rundock/host.json": of(0o644),
			"/etc/sv": of(fs.ModeDir | 0o755), "/etc/sv/docker-web/run": of(0o755), "/etc/sv/docker-web/env/TOKEN": of(0o600), "/etc/sv/docker-web/log/main": of(fs.ModeSymlink | 0o777),
			"/run/rundock": of(fs.ModeDir | 0o755), "/run/rundock/store.sock": of(fs.ModeSocket | 0o600), "/usr/local/bin/rundockd": of(0o755), "/root/.docker/config.json": of(0o600),
		},
		Mounts: []string{"/", "/var/lib/docker"}, Sysctls: map[string]string{"net.ipv4.conf.all.route_localnet": "0"},
		Settings: map[string]any{"live-restore": true},
		Docker: container.DaemonPosture{Version: "28.2.2", Root: "/var/lib/docker", Storage: "overlay2", LogDriver: "json-file", LiveRestore: true,
			Security: []string{"name=apparmor", "name=seccomp,profile=builtin", "name=cgroupns"}},
		Containers: []container.Posture{{
			ID: "c1", Name: "web", Service: "web", Image: "registry:5000/web@sha256:aa", ImageID: "sha256:01", Digests: []string{"registry:5000/web@sha256:aa"}, User: "33", AppArmor: "docker-default",
			Security: []string{"no-new-privileges"}, ReadOnly: true, Memory: 1 << 28, Processes: 100, CPULimited: true, LogDriver: "local", LogOptions: map[string]string{"max-size": "10m"}, Restart: "no",
			Mounts:    []container.MountPosture{{Source: "/srv/web", Target: "/data", Writable: true, Propagation: "rprivate"}, {Source: "/etc/localtime", Target: "/etc/localtime"}},
			Published: []container.PublishedPort{{Address: "10.0.0.5", Port: "8080", Protocol: "tcp"}},
		}},
		Services: []Service{{Name: "web", Image: "registry:5000/web@sha256:aa", Announced: true}},
		Listeners: []Listener{
			{"tcp", netip.MustParseAddrPort("0.0.0.0:22"), "sshd"}, {"tcp", netip.MustParseAddrPort("10.0.0.5:2379"), "etcd"}, {"tcp", netip.MustParseAddrPort("127.0.0.1:2379"), "dnsd"},
		},
		Private: netip.MustParseAddr("10.0.0.5"),
		Processes: []Process{
			{Service: "/etc/sv/dnsd", Program: "dnsd", PID: 10, UID: 105, NoNewPrivs: true, Bounding: 1 << capNetBindService}, {Service: "/etc/sv/docker-web", Program: "rundockd run", PID: 11, NoNewPrivs: true, Bounding: 1<<41 - 1},
		},
		Programs: map[string]Program{"rundockd": {"ab", "ab"}}, FilterWanted: true,
		Certificates: []Certificate{{Name: "host", Text: "valid", Good: true, Until: now.AddDate(1, 0, 0)}},
	}
}

// ids are those of findings, each once.
func ids(findings []Finding) (all []string) {
	for _, f := range findings {
		if !slices.Contains(all, f.ID) {
			all = append(all, f.ID)
		}
	}
	slices.Sort(all)
	return all
}

func TestJudge_finds_nothing_on_a_host_that_is_well_kept(t *testing.T) {
	d := Judge(wellKept(), nil, nil)
	for _, f := range d.Findings {
		t.Errorf("%s %s: %s", f.ID, f.Subject, f.Text)
	}
	var standing []string
	for _, a := range Standing {
		standing = append(standing, a.ID)
	}
	for _, id := range ids(d.Accepted) {
		if !slices.Contains(standing, id) {
			t.Errorf("%s is accepted, and not by what stands", id)
		}
	}
	if len(d.Accepted) == 0 || d.Checks != len(Checks) || !strings.Contains(d.Summary(), "nothing was found") {
		t.Errorf("%d accepted of %d checks: %s", len(d.Accepted), d.Checks, d.Summary())
	}
}

// TestChecks_find_what_they_are_for changes one thing of a host that is well kept: the check of the name
// finds it, and no other does but those named after a space.
func TestChecks_find_what_they_are_for(t *testing.T) {
	file := func(path string, f File) func(*Observation) { return func(o *Observation) { o.Files[path] = f } }
	mode := func(path string, m fs.FileMode) func(*Observation) {
		return func(o *Observation) {
			f := o.Files[path]
			f.Mode = f.Mode&fs.ModeType | m
			o.Files[path] = f
		}
	}
	theirs := File{Mode: 0o600, UID: 1000, GID: 1000, Owner: "ada:ada"}
	set := func(name string, value any) func(*Observation) {
		return func(o *Observation) { o.Settings[name] = value }
	}
	daemon := func(change func(*container.DaemonPosture)) func(*Observation) {
		return func(o *Observation) { change(&o.Docker) }
	}
	web := func(change func(*container.Posture)) func(*Observation) {
		return func(o *Observation) { change(&o.Containers[0]) }
	}
	mount := func(m container.MountPosture) func(*Observation) {
		return web(func(c *container.Posture) { c.Mounts = append(c.Mounts, m) })
	}
	option := func(text string) func(*Observation) {
		return web(func(c *container.Posture) { c.Security = append(c.Security, text) })
	}
	listens := func(program, at string) func(*Observation) {
		return func(o *Observation) {
			o.Listeners = append(o.Listeners, Listener{"tcp", netip.MustParseAddrPort(at), program})
		}
	}
	runs := func(p Process) func(*Observation) {
		return func(o *Observation) { o.Processes = append(o.Processes, p) }
	}
	for _, c := range []struct {
		finds  string
		change func(*Observation)
	}{
		{"1.1.2", func(o *Observation) { o.DockerGroup = []string{"ada"} }},
		{"1.1.11 1.1.6 1.1.7 1.1.9", func(o *Observation) { o.Audited = &[]string{} }},
		{"", func(o *Observation) {
			o.Audited = &[]string{"/usr/lib/systemd/system/docker.service", "/etc/docker/", "/etc/docker/daemon.json", "/var/run/docker.sock"}
		}},
		{"2.3", set("log-level", "debug")}, {"2.3", set("debug", true)}, {"2.4", set("iptables", false)},
		{"2.5", daemon(func(d *container.DaemonPosture) { d.Insecure = []string{"registry:5000"} })},
		{"2.6", daemon(func(d *container.DaemonPosture) { d.Storage = "aufs" })},
		{"2.7", set("hosts", []any{"unix:///run/docker.sock", "tcp://0.0.0.0:2375"})},
		{"2.10", set("cgroup-parent", "/mine")}, {"2.11", set("storage-opts", []any{"dm.basesize=100G"})},
		{"2.15", daemon(func(d *container.DaemonPosture) { d.LiveRestore = false })},
		{"2.17", daemon(func(d *container.DaemonPosture) { d.Security = []string{"name=seccomp,profile=unconfined"} })},
		{"2.17", daemon(func(d *container.DaemonPosture) { d.Security = nil })},
		{"2.18", daemon(func(d *container.DaemonPosture) { d.Experimental = true })},
		{"3.1", file("/lib/systemd/system/docker.service", theirs)}, {"3.2", mode("/lib/systemd/system/docker.service", 0o664)}, {"3.6", mode("/etc/docker", 0o777)},
		{"3.8", file("/etc/docker/certs.d/registry/ca.crt", File{Mode: 0o644, Owner: "root:root"})},
		{"3.14", func(o *Observation) {
			o.Settings["tlskey"] = "/srv/docker.key"
			o.Files["/srv/docker.key"] = File{Mode: 0o600, Owner: "root:root"}
		}},
		{"3.15", file("/run/docker.sock", File{Mode: fs.ModeSocket | 0o660, GID: 1000, Owner: "root:ada"})}, {"3.16", mode("/run/docker.sock", 0o666)}, {"3.18", mode("/etc/docker/daemon.json", 0o666)},
		{"5.1", daemon(func(d *container.DaemonPosture) { d.Swarm = true })},
		{"5.2", web(func(c *container.Posture) { c.AppArmor = "unconfined" })},
		{"5.4", web(func(c *container.Posture) { c.CapAdd = []string{"CHOWN", "SYS_ADMIN"} })}, {"", web(func(c *container.Posture) { c.CapAdd = []string{"CHOWN"} })},
		{"5.5", web(func(c *container.Posture) { c.Privileged, c.AppArmor = true, "unconfined" })},
		{"5.6", mount(container.MountPosture{Source: "/etc", Target: "/host", Writable: true})}, {"", mount(container.MountPosture{Source: "/etc", Target: "/host"})},
		{"", mount(container.MountPosture{Source: "/var/lib/docker/volumes/data/_data", Target: "/data", Writable: true, Volume: true})},
		{"5.32 5.6", mount(container.MountPosture{Source: "/var/run/docker.sock", Target: "/s", Writable: true})}, {"5.32", mount(container.MountPosture{Source: "/run/docker.sock", Target: "/s"})},
		{"5.7", func(o *Observation) { o.Shells = map[string]int{"c1": 77} }},
		{"5.8", web(func(c *container.Posture) { c.Published[0].Port = "80" })},
		{"5.10", web(func(c *container.Posture) { c.HostNetwork = true })}, {"5.11", web(func(c *container.Posture) { c.Memory = 0 })}, {"5.12", web(func(c *container.Posture) { c.CPULimited = false })},
		{"5.13", web(func(c *container.Posture) { c.ReadOnly = false })}, {"5.14", web(func(c *container.Posture) { c.Published[0].Address = "0.0.0.0" })},
		{"5.15 RD-15", web(func(c *container.Posture) { c.Restart = "always" })}, {"RD-15", web(func(c *container.Posture) { c.Restart, c.Restarts = "on-failure", 5 })},
		{"5.16", web(func(c *container.Posture) { c.HostPID = true })}, {"5.17", web(func(c *container.Posture) { c.HostIPC = true })},
		{"5.18", web(func(c *container.Posture) { c.Devices = []string{"/dev/sda"} })},
		{"5.20", mount(container.MountPosture{Source: "/srv/shared", Propagation: "rshared"})}, {"5.21", web(func(c *container.Posture) { c.HostUTS = true })},
		{"5.22", option("seccomp=unconfined")}, {"5.25", web(func(c *container.Posture) { c.CgroupParent = "/mine" })},
		{"5.26", option("no-new-privileges=false")}, {"5.27", func(o *Observation) { o.Services[0].Announced = false }}, {"5.29", web(func(c *container.Posture) { c.Processes = 0 })},
		{"5.30", web(func(c *container.Posture) { c.DefaultBridge = true })},
		{"5.31", func(o *Observation) {
			o.Docker.Security = append(o.Docker.Security, "name=userns")
			o.Containers[0].HostUser = true
		}},
		{"RD-1", mode("/etc/rundock/pki/host.key", 0o644)}, {"RD-1", file("/root/.docker/config.json", File{Mode: 0o644, Owner: "root:root"})},
		{"RD-2", mode("/etc/rundock/host.json", 0o666)}, {"RD-2", file("/usr/local/bin/rundockd", File{Mode: 0o755, UID: 1000, Owner: "ada:ada"})},
		{"RD-3", mode("/etc/sv/docker-web/run", 0o757)}, {"RD-3 RD-4", file("/etc/sv/docker-web/env/TOKEN", theirs)}, {"RD-4", mode("/etc/sv/docker-web/env/TOKEN", 0o644)},
		{"RD-5", mode("/run/rundock/store.sock", 0o666)}, {"RD-5", mode("/run/rundock", 0o777)},
		{"RD-6", listens("dockerd", "10.0.0.5:2375")}, {"RD-7", listens("etcd", "0.0.0.0:2379")}, {"RD-7", listens("docker-registry", "[::]:5000")}, {"", listens("nginx", "0.0.0.0:80")},
		{"RD-8", func(o *Observation) { o.FilterWanted = false }}, {"RD-8", func(o *Observation) { o.Filter = "rundockd filter does not run" }},
		{"RD-9", func(o *Observation) { o.Certificates[0].Good = false }}, {"RD-10", func(o *Observation) { o.Plain = []string{"http://10.0.0.5:2379"} }},
		{"RD-11", web(func(c *container.Posture) { c.Digests = []string{"registry:5000/web@sha256:bb"} })}, {"RD-11", func(o *Observation) { o.Services[0].Pin = "sha256:02" }}, {"RD-11", func(o *Observation) { o.Services[0].Bad = "no JSON" }},
		{"RD-12", func(o *Observation) {
			o.Services[0].Image, o.Containers[0].Image = "registry:5000/web:1", "registry:5000/web:1"
		}},
		{"RD-13", web(func(c *container.Posture) { c.LogDriver, c.LogOptions = "json-file", nil })},
		{"RD-14", func(o *Observation) { o.Programs["rundockd"] = Program{"cd", "ab"} }}, {"RD-14", func(o *Observation) { o.Programs["dnsd"] = Program{"", "ab"} }},
		{"RD-16", func(o *Observation) { o.Sysctls["net.ipv4.conf.eth0.route_localnet"] = "1" }},
		{"RD-17", runs(Process{Program: "docker-registry serve", NoNewPrivs: true})}, {"RD-17", runs(Process{Program: "rundockd run"})}, {"RD-17", runs(Process{Program: "rundockd ship", NoNewPrivs: true, Bounding: 1 << capNetAdmin})}, {"RD-17", runs(Process{Program: "dnsd", UID: 1, NoNewPrivs: true, Bounding: 1 << 21})},
	} {
		o := wellKept()
		c.change(&o)
		got := ids(Judge(o, nil, nil).Findings)
		if want := strings.Fields(c.finds); !slices.Equal(got, want) {
			t.Errorf("of a change that %q is for, %q find something: %+v", want, got, Judge(o, nil, nil).Findings)
		}
	}
}

func TestLogs_that_are_shipped_are_on_another_machine(t *testing.T) {
	stay := func(o Observation) bool {
		return slices.ContainsFunc(Judge(o, nil, nil).Accepted, func(f Finding) bool { return f.ID == "2.13" })
	}
	o := wellKept()
	if !stay(o) {
		t.Error("without rundockd ship logs are said to be sent")
	}
	o.Processes = append(o.Processes, Process{Program: "rundockd ship", NoNewPrivs: true, Bounding: 1 << capDACReadSearch})
	if stay(o) || len(Judge(o, nil, nil).Findings) > 0 {
		t.Errorf("with it they are said to stay: %+v", Judge(o, nil, nil))
	}
}

func TestChecks_are_complete_and_have_ids_of_their_own(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Checks {
		if seen[c.ID] || c.Wants == "" || c.Reason == "" || c.Remedy == "" || c.look == nil || !slices.Contains(severities, c.Severity) {
			t.Errorf("check %+v is there twice or lacks something", c)
		}
		if strings.HasSuffix(c.Wants, ".") || strings.HasSuffix(c.Reason, ".") {
			t.Errorf("check %s: a text ends in a full stop", c.ID)
		}
		seen[c.ID] = true
	}
	for _, a := range Standing {
		if !seen[a.ID] || a.Reason == "" {
			t.Errorf("%+v stands for no check, or without a reason", a)
		}
	}
}

func TestJudge_takes_what_it_could_not_look_at_for_a_finding(t *testing.T) {
	o := wellKept()
	o.DockerBad, o.Docker, o.Containers, o.SettingsBad = "dockerd does not answer", container.DaemonPosture{}, nil, "daemon.json is no JSON"
	d := Judge(o, nil, []Acceptance{{ID: "2.1", Reason: "as it is"}})
	for _, id := range []string{"2.1", "2.7", "5.5", "RD-11"} {
		if !slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.ID == id && f.Unknown }) {
			t.Errorf("check %s is not told as one that could not be looked at", id)
		}
	}
	if len(d.Accepted) > 0 || len(d.Idle) != 1 {
		t.Errorf("accepted %+v, idle %+v: what nobody has seen cannot be accepted", d.Accepted, d.Idle)
	}
}

func TestJudge_accepts_what_it_is_told_to(t *testing.T) {
	o := wellKept()
	o.Containers[0].Memory, o.Containers[0].Processes = 0, 0
	other := o.Containers[0]
	other.Name, other.Service = "batch", "batch"
	o.Containers = append(o.Containers, other)
	o.Services = append(o.Services, Service{Name: "batch", Image: o.Services[0].Image, Announced: true})
	d := Judge(o, nil, []Acceptance{{ID: "5.11", Reason: "it may", Service: "batch"}, {ID: "5.29", Reason: "they may"}, {ID: "RD-1", Reason: "who cares"}})
	if got := ids(d.Findings); !slices.Equal(got, []string{"5.11"}) || d.Findings[0].Service != "web" || d.Counts[Medium] != 1 {
		t.Errorf("findings %+v, want 5.11 of web alone", d.Findings)
	}
	if len(d.Idle) != 1 || d.Idle[0].ID != "RD-1" {
		t.Errorf("idle %+v, want RD-1", d.Idle)
	}
	text := strings.Join(d.Lines(true), "\n")
	for _, want := range []string{"5.11  container web: it may take all memory", "do: memory of the service", "as: they may", "accepted RD-1 accepts nothing here", "node-1: 1 finding of 1 medium"} {
		if !strings.Contains(text, want) {
			t.Errorf("people are not told %q:\n%s", want, text)
		}
	}
}

func TestAcceptances_refuse(t *testing.T) {
	for _, c := range []struct {
		given   Acceptance
		scanned bool
		want    string
	}{
		{Acceptance{ID: "5.11", Reason: " "}, false, "5.11 has no reason"}, {Acceptance{ID: "9.9", Reason: "x"}, false, "no check 9.9"}, {Acceptance{Reason: "x"}, true, "no id"},
		{Acceptance{ID: "CVE-2026-1", Reason: "x"}, true, ""}, {Acceptance{ID: "RD-1", Reason: "x"}, false, ""},
	} {
		err := checkAcceptances([]Acceptance{c.given}, c.scanned)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.given, err, c.want)
		}
	}
}
