package hosts

import (
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rundock/internal/fstree"
)

// site is a host as site.yml has it: wanted, and as it is after that.
func site() (Have, Wanted) {
	want := Wanted{
		Packages: []string{"docker.io", "runit"},
		Docker:   &Docker{Settings: map[string]any{"live-restore": true}},
		Runsvdir: true,
		Programs: []Program{{Name: "rundock-render", Hash: "r1"}, {Name: "rundockd", Hash: "d1"}, {Name: "dnsd", Hash: "n1"}},
		Users:    []User{{Name: "dnsd"}},
		Files:    []File{{Path: "/etc/rundock/host.json", Content: "{}", Mode: 0o644}},
		Services: []Service{
			{Name: "dnsd", Scripts: map[string]string{"run": "dnsd"}, Reads: []string{"/etc/rundock/host.json", "/usr/local/bin/dnsd"}, Renew: Hup},
			{Name: "rundock-store", Scripts: map[string]string{"run": "store"}, Renew: Restart, Ready: "true"},
		},
		Resolver: &Resolver{Zone: "s.example.com", Ask: []string{"127.0.0.1"}, Write: true},
	}
	file := func(text string) *FileState {
		return &FileState{Data: []byte(text), Mode: 0o644, Owner: "root", Group: "root"}
	}
	well := ServiceState{Enabled: true, Supervised: true, Settled: true}
	return Have{
		Docker:     DockerState{DaemonJSON: file("{}"), Settings: map[string]any{"live-restore": true}, Runs: true, Enabled: true},
		Runsvdir:   true,
		Programs:   map[string]string{"rundock-render": "r1", "rundockd": "d1", "dnsd": "n1"},
		Users:      map[string]bool{"dnsd": true},
		Files:      map[string]*FileState{"/etc/rundock/host.json": file("{}")},
		Services:   map[string]ServiceState{"dnsd": well, "rundock-store": well},
		Rundockd:   RundockdState{Running: 3},
		ResolvConf: file(string(want.Resolver.file().Data)),
		Saved:      true,
		Pending:    map[string]bool{},
	}, want
}

// service changes the state of one.
func (h *Have) service(name string, change func(*ServiceState)) {
	s := h.Services[name]
	change(&s)
	h.Services[name] = s
}

// touching are changes of one script.
func touching(path string) fstree.Changes {
	return fstree.Changes{Dir: "/etc/sv/x", List: []fstree.Change{{Path: path, After: &fstree.File{Mode: 0o755}}}}
}

func TestPlan(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Have, *Wanted)
		steps  string // kind and name of each, a comma after each but the last
	}{
		"a host that is as wanted has dnsd asked, and no more": {func(*Have, *Wanted) {}, "answer s.example.com"},
		"a bare host, in order": {func(h *Have, w *Wanted) {
			*h = Have{Missing: w.Packages, ResolvConf: &FileState{Mode: 0o644}, Services: map[string]ServiceState{
				"dnsd": {Changes: touching("run")}, "rundock-store": {Changes: touching("run")},
			}}
		}, "configure /etc/docker/daemon.json, install docker.io runit, start, supervise, put rundock-render, put rundockd, put dnsd, user dnsd, " +
			"write /etc/rundock/host.json, write script dnsd, enable dnsd, write script rundock-store, enable rundock-store, await rundock-store, " +
			"answer s.example.com, save /etc/rundock/resolv.conf.before, resolve /etc/resolv.conf"},
		"a new rundockd is handed over to": {func(_ *Have, w *Wanted) { w.Programs[1].Hash = "d2" }, "put rundockd, hand over, answer s.example.com"},
		"a new rundock-render, too":        {func(_ *Have, w *Wanted) { w.Programs[0].Hash = "r2" }, "put rundock-render, hand over, answer s.example.com"},
		"where nothing of rundockd runs, nothing is handed over": {func(h *Have, w *Wanted) {
			w.Programs[1].Hash, h.Rundockd.Running = "d2", 0
		}, "put rundockd, answer s.example.com"},
		"a new dnsd is handed over to, and not restarted": {func(_ *Have, w *Wanted) { w.Programs[2].Hash = "n2" }, "put dnsd, hup dnsd, answer s.example.com"},
		"another host.json is for all of them, once the services are well": {func(_ *Have, w *Wanted) { w.Files[0].Content = "{ }" },
			"write /etc/rundock/host.json, hup dnsd, hand over, answer s.example.com"},
		"a file of another owner is written": {func(h *Have, _ *Wanted) { h.Files["/etc/rundock/host.json"].Group = "dnsd" },
			"write /etc/rundock/host.json, hup dnsd, hand over, answer s.example.com"},
		"another script is a restart, which spares the handover": {func(h *Have, w *Wanted) {
			w.Programs[2].Hash = "n2"
			h.service("dnsd", func(s *ServiceState) { s.Changes = touching("run") })
		}, "put dnsd, write script dnsd, restart dnsd, answer s.example.com"},
		"a service that is never renewed runs on": {func(h *Have, w *Wanted) {
			w.Services[1].Renew = Never
			h.service("rundock-store", func(s *ServiceState) { s.Changes, s.Stale, s.OldProgram = touching("run"), true, true })
		}, "write script rundock-store, await rundock-store, answer s.example.com"},
		"what sv check runs is no reason for one": {func(h *Have, _ *Wanted) {
			h.service("rundock-store", func(s *ServiceState) { s.Changes = touching("check") })
		}, "write script rundock-store, await rundock-store, answer s.example.com"},
		"a process that is older than its script": {func(h *Have, _ *Wanted) {
			h.service("rundock-store", func(s *ServiceState) { s.Stale = true })
		}, "restart rundock-store, await rundock-store, answer s.example.com"},
		"a process of a program that was replaced": {func(h *Have, _ *Wanted) {
			h.service("dnsd", func(s *ServiceState) { s.OldProgram = true })
		}, "hup dnsd, answer s.example.com"},
		"rundockd's processes of a program that was replaced": {func(h *Have, _ *Wanted) { h.Rundockd.Old = true }, "hand over, answer s.example.com"},
		"a service that has just started is waited for": {func(h *Have, _ *Wanted) {
			h.service("rundock-store", func(s *ServiceState) { s.Settled = false })
		}, "await rundock-store, answer s.example.com"},
		"a service that somebody has disabled": {func(h *Have, _ *Wanted) {
			h.service("dnsd", func(s *ServiceState) { *s = ServiceState{} })
		}, "enable dnsd, answer s.example.com"},
		"what an earlier run left out": {func(h *Have, _ *Wanted) {
			h.Pending = map[string]bool{"restart rundock-store": true, "hup dnsd": true, "hand over": true, "reload": true}
		}, "reload, hup dnsd, restart rundock-store, await rundock-store, hand over, answer s.example.com"},
		"a setting that dockerd reads again": {func(_ *Have, w *Wanted) { w.Docker.Settings["debug"] = true },
			"configure /etc/docker/daemon.json, reload, answer s.example.com"},
		"a setting that it does not, with no leave to restart": {func(_ *Have, w *Wanted) { w.Docker.Settings["bip"] = "10.1.0.1/16" },
			"configure /etc/docker/daemon.json, reload, note bip, answer s.example.com"},
		"and with it": {func(_ *Have, w *Wanted) { w.Docker.Settings["bip"], w.Docker.Restart = "10.1.0.1/16", true },
			"configure /etc/docker/daemon.json, reload, reboot, answer s.example.com"},
		"a setting that has waited, with leave to restart": {func(h *Have, w *Wanted) { h.Docker.Waiting, w.Docker.Restart = []string{"bip"}, true },
			"reboot, note, answer s.example.com"},
		"a setting that waits on": {func(h *Have, _ *Wanted) { h.Docker.Waiting = []string{"bip"} }, "answer s.example.com"},
		"dockerd that does not run needs no other restart": {func(h *Have, w *Wanted) {
			w.Docker.Settings["bip"], h.Docker.Runs = "10.1.0.1/16", false
		}, "configure /etc/docker/daemon.json, start, answer s.example.com"},
		"dockerd that is not started at boot": {func(h *Have, _ *Wanted) { h.Docker.Enabled = false }, "start, answer s.example.com"},
		"a service of init that runit is to run": {func(h *Have, w *Wanted) {
			w.Unbooted, h.Booted = []string{"haproxy", "docker-registry"}, map[string]bool{"haproxy": true}
		}, "unboot haproxy, answer s.example.com"},
		"one that init has started": {func(h *Have, w *Wanted) {
			w.Unbooted, h.Outside = []string{"haproxy"}, map[string]bool{"haproxy": true}
		}, "unboot haproxy, answer s.example.com"},
		"and one whose package is new": {func(h *Have, w *Wanted) {
			w.Unbooted, h.Missing = []string{"haproxy"}, []string{"haproxy"}
		}, "install haproxy, unboot haproxy, answer s.example.com"},
		"a resolv.conf that stays with others": {func(h *Have, w *Wanted) {
			w.Resolver.Write, h.ResolvConf.Data = false, []byte("nameserver 192.0.2.1\n")
		}, "answer s.example.com"},
		"a resolv.conf that somebody has written": {func(h *Have, _ *Wanted) { h.ResolvConf.Data = nil }, "answer s.example.com, resolve /etc/resolv.conf"},
		"services that are not to be end before others start": {func(h *Have, w *Wanted) {
			w.Removed, h.Surplus = []string{"dnsd-public", "gone-already"}, map[string]bool{"dnsd-public": true}
			h.service("dnsd", func(s *ServiceState) { *s = ServiceState{} })
		}, "end dnsd-public, enable dnsd, answer s.example.com"},
		"somebody else's service, which is not settled": {func(_ *Have, w *Wanted) {
			w.Services = append(w.Services, Service{Name: "consul", Renew: Restart, Ready: "true"})
		}, "await consul, answer s.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			have, want := site()
			c.change(&have, &want)
			plan, err := MakePlan(have, want)
			if err != nil {
				t.Fatal(err)
			}
			var steps []string
			for _, s := range plan.Steps {
				steps = append(steps, s.key())
				if s.Says != "" && s.Reason == "" {
					t.Errorf("%s has no reason", s.key())
				}
			}
			if got := strings.Join(steps, ", "); got != c.steps {
				t.Errorf("steps\n got  %s\n want %s", got, c.steps)
			}
		})
	}
}

func TestPlan_keeps_daemon_json_but_for_what_is_wanted(t *testing.T) {
	for _, c := range []struct{ before, after string }{
		{``, `{"live-restore":true}`},
		{`{"live-restore":true}`, ``},
		{`{"log-level":"warn","live-restore":false}`, `{"live-restore":true,"log-level":"warn"}`},
	} {
		before, err := readSettings([]byte(c.before))
		if err != nil {
			t.Fatal(err)
		}
		have, want := site()
		have.Docker.DaemonJSON, have.Docker.Settings = &FileState{Data: []byte(c.before), Mode: 0o644}, before
		plan, err := MakePlan(have, want)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(strings.Fields(string(plan.daemonJSON)), ""); got != c.after {
			t.Errorf("after %s: %s, want %s", c.before, got, c.after)
		}
	}
	if _, err := readSettings([]byte("{live-restore")); err == nil || !strings.Contains(err.Error(), "/etc/docker/daemon.json is not a JSON object; mend or remove it") {
		t.Errorf("what is no JSON: %v", err)
	}
}

func TestResolver_writes_what_a_host_asks(t *testing.T) {
	const head = "# Written by site.yml of rundock.\n# What was here before is in /etc/rundock/resolv.conf.before.\nnameserver 127.0.0.1\n"
	for want, r := range map[string]Resolver{
		head: {},
		head + "nameserver 10.0.0.2\noptions timeout:1 attempts:2\nsearch a.example b.example\n": {Second: "10.0.0.2", Search: []string{"a.example", "b.example"}},
	} {
		if got := string(r.file().Data); got != want {
			t.Errorf("%+v: %s, want %s", r, got, want)
		}
	}
}

func TestPlan_shows_no_secret(t *testing.T) {
	have, want := site()
	want.Files[0].Secret, want.Files[0].Content = true, "hunter2"
	have.Files[want.Files[0].Path].Data = []byte("hunter1")
	plan, err := MakePlan(have, want)
	if err != nil || len(plan.Diff) != 1 || strings.Contains(fmt.Sprint(plan.Diff), "hunter") {
		t.Errorf("diff %v, %v; want one without the content", plan.Diff, err)
	}
}

func TestMissing(t *testing.T) {
	const status = `Package: runit
Status: install ok installed
Version: 2.1.2

Package: docker.io
Status: deinstall ok config-files

Package: libc6
Architecture: i386
Status: deinstall ok config-files

Package: libc6
Architecture: amd64
Status: install ok installed

Package: held
Status: hold ok installed

Package: half
Status: install ok half-installed
Description: Status: install ok installed
 Status: install ok installed
`
	got := missing([]byte(status), []string{"docker.io", "runit", "libc6", "held", "half", "nothing", "docker.io"})
	if want := []string{"docker.io", "half", "nothing"}; !reflect.DeepEqual(got, want) {
		t.Errorf("missing = %q, want %q", got, want)
	}
}

func TestWanted_names_what_is_wrong(t *testing.T) {
	for want, change := range map[string]func(*Wanted){
		`packages: "Docker; rm" is not the name of a Debian package`: func(w *Wanted) { w.Packages = []string{"Docker; rm"} },
		`programs: rundockd has no hash`:                             func(w *Wanted) { w.Programs[1].Hash = "" },
		`programs: name "../x"`:                                      func(w *Wanted) { w.Programs[1].Name = "../x" },
		`users: "Consul" is not a user's name`:                       func(w *Wanted) { w.Users[0].Name = "Consul" },
		`files: path "etc/x" is not an absolute path`:                func(w *Wanted) { w.Files[0].Path = "etc/x" },
		`files: path "/etc/../x" is not an absolute path`:            func(w *Wanted) { w.Files[0].Path = "/etc/../x" },
		`files: mode of /etc/rundock/host.json`:                      func(w *Wanted) { w.Files[0].Mode = fs.ModeSetuid | 0o755 },
		`files: check of /etc/rundock/host.json has no %s`:           func(w *Wanted) { w.Files[0].Check = "true" },
		`removed: name "../dnsd"`:                                    func(w *Wanted) { w.Removed = []string{"../dnsd"} },
		`removed: dnsd is among services, too`:                       func(w *Wanted) { w.Removed = []string{"dnsd"} },
		`services: dnsd is there twice`:                              func(w *Wanted) { w.Services[1].Name = "dnsd" },
		`services: dnsd has no script run`:                           func(w *Wanted) { w.Services[0].Scripts = map[string]string{"finish": "x"} },
		`services: dnsd has no scripts, and nothing to wait for`:     func(w *Wanted) { w.Services[0].Scripts = nil },
		`services: dnsd: runit knows no script "start"`:              func(w *Wanted) { w.Services[0].Scripts["start"] = "x" },
		`services: renew of dnsd is "reload"`:                        func(w *Wanted) { w.Services[0].Renew = "reload" },
	} {
		_, w := site()
		for i := range w.Programs {
			w.Programs[i].Hash = strings.Repeat("0", 64)
		}
		if err := w.Validate(); err != nil {
			t.Fatal(err)
		}
		change(&w)
		if err := w.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestOwed_is_what_a_run_that_fails_leaves_to_the_next(t *testing.T) {
	have, want := site()
	want.Programs[2].Hash, want.Files[0].Content = "n2", "{ }"
	plan, err := MakePlan(have, want)
	if err != nil {
		t.Fatal(err)
	}
	data, err := pendingFile(plan.owed())
	if err != nil {
		t.Fatal(err)
	}
	// As the next run finds it, with the files and programs in place.
	have.Programs["dnsd"], have.Files["/etc/rundock/host.json"].Data = "n2", []byte("{ }")
	if have.Pending, err = readPending(data); err != nil {
		t.Fatal(err)
	}
	next, err := MakePlan(have, want)
	if err != nil || !slices.Equal(next.owed(), plan.owed()) || len(next.owed()) != 2 {
		t.Errorf("owed %q, then %q (%v); want the same two", plan.owed(), next.owed(), err)
	}
}
