package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/internal/runit"
)

func TestDecide(t *testing.T) {
	running := module.Process{Supervised: true, Status: runit.Status{PID: 7, State: runit.Run}}
	with := func(p module.Process, change func(*module.Process)) module.Process { change(&p); return p }
	down := with(running, func(p *module.Process) { p.Status.WantDown = true })
	stale := with(running, func(p *module.Process) { p.Stale = true })
	paused := with(running, func(p *module.Process) { p.Status.Paused = true })

	says := func(phase control.Phase, container, spec, problem string) func(*situation) {
		return func(s *situation) {
			s.Says = control.RunnerStatus{PID: 7, Phase: phase, Container: container, Spec: spec, Error: problem}
		}
	}
	single := situation{Standing: module.Standing{Installed: true, Enabled: true}, Shape: runnerAlone, Spec: "new", Outer: running, Runner: running}
	nested := situation{Standing: module.Standing{Installed: true, Enabled: true}, Shape: both, Spec: "new", Outer: running, Runner: running, Announcer: running}
	sidecar := situation{Standing: module.Standing{Installed: true, Enabled: true}, Shape: sidecarAlone, Outer: running, Announcer: running}
	but := func(s situation, change func(*situation)) situation { change(&s); return s }

	for _, c := range []struct {
		name    string
		now     situation
		want    shape
		changes string
		options string // run, restart
		plan    string
	}{
		{"what is as it should be is left alone", nested, both, "", "run", ""},
		{"a new service is checked, written and enabled", situation{}, both, "run services/service/run", "run", "prepare write enable"},
		{"present writes only, where the service is disabled", but(nested, func(s *situation) { s.Enabled = false; s.Outer = module.Process{} }), both, "services/service/run", "", "write"},
		{"a disabled one is enabled", but(single, func(s *situation) { s.Enabled = false; s.Outer, s.Runner = module.Process{}, module.Process{} }), runnerAlone, "", "run", "prepare enable"},
		{"a link that runsvdir has not seen is waited for", but(single, func(s *situation) { s.Outer, s.Runner = module.Process{}, module.Process{} }), runnerAlone, "", "run", "prepare enable"},
		{"one that was unlinked a moment ago is linked again", but(single, func(s *situation) { s.Enabled = false }), runnerAlone, "", "run", "enable"},
		{"another spec has the runner replace the container", but(single, func(s *situation) { s.Spec = "old" }), runnerAlone, "service.json run", "run", "prepare write .:h new-spec"},
		{"another script has it hand over", single, runnerAlone, "run", "run", "write .:h"},
		{"finish and check are read when they are needed", single, runnerAlone, "finish check", "run", "write"},
		{"a changed announcement touches the sidecar alone", nested, both, "services/announce/announce.json", "run", "write services/announce:h"},
		{"a changed log script touches the logger alone", nested, both, "services/service/log/run", "run", "write services/service/log:t"},
		{"the outer script takes all with it, and the container stays", nested, both, "run services/announce/run", "run", "write .:h"},
		{"an interrupted call is finished", but(nested, func(s *situation) { s.Runner = stale }), both, "", "run", "services/service:h"},
		{"sv down of the service is undone", but(nested, func(s *situation) { s.Outer = down }), both, "", "run", "prepare .:u"},
		{"sv down of the runner is undone", but(nested, func(s *situation) { s.Runner = down }), both, "", "run", "prepare services/service:u"},
		{"sv down of the sidecar is undone, without Docker", but(nested, func(s *situation) { s.Announcer = down }), both, "", "run", "services/announce:u"},
		{"sv pause is undone", but(single, func(s *situation) { s.Outer, s.Runner = paused, paused }), runnerAlone, "", "run", ".:c"},
		{"a new sidecar exchanges the supervision", single, both, "run service.json services/service/run", "run", "write exchange"},
		{"restarted replaces the container", nested, both, "", "run restart", "prepare services/service:1"},
		{"another content of an env file replaces the container", nested, both, "", "run reread", "prepare services/service:1"},
		{"another content and another spec replace it once", but(single, func(s *situation) { s.Spec = "old" }), runnerAlone, "service.json", "run reread", "prepare write .:h new-spec"},
		{"a disabled one reads its files when it is started", but(single, func(s *situation) { s.Enabled = false; s.Outer, s.Runner = module.Process{}, module.Process{} }), runnerAlone, "", "run reread", "prepare enable"},
		{"restarted with another script hands over first", single, runnerAlone, "run", "run restart", "prepare write .:h .:1"},
		{"restarted with another spec replaces it once", but(single, func(s *situation) { s.Spec = "old" }), runnerAlone, "service.json", "run restart", "prepare write .:h new-spec"},
		{"restarted starts what is down", but(single, func(s *situation) { s.Outer, s.Runner = down, down }), runnerAlone, "", "run restart", "prepare .:u"},
		{"a lost service.json costs no container", but(single, func(s *situation) { s.Spec = ""; says(control.Running, "c", "new", "")(s) }), runnerAlone, "service.json", "run", "write .:h"},
		{"files of an interrupted call do not hide the old container", but(single, func(s *situation) { s.Runner.Stale = true; says(control.Running, "c", "old", "")(s) }), runnerAlone, "", "run", "prepare .:h new-spec"},
		{"what another runner said of the container does not count", but(single, func(s *situation) { says(control.Running, "c", "old", "")(s); s.Says.PID = 6 }), runnerAlone, "", "run", ""},
		{"a back-off is cut short", but(single, says(control.Backoff, "", "new", "no such host")), runnerAlone, "", "run", "retry"},
		{"so is the wait of a runner whose wanted container cannot be made", but(single, says(control.Running, "c", "old", "no such host")), runnerAlone, "", "run", "prepare new-spec retry"},
		{"and a successor need not be told", but(single, says(control.Backoff, "", "new", "no such host")), runnerAlone, "run", "run", "write .:h"},
		{"present on a disabled service tells nobody", but(single, func(s *situation) { s.Enabled = false; says(control.Backoff, "", "new", "no such host")(s) }), runnerAlone, "", "", ""},
		{"a container that is to be none is looked for", but(single, says(control.Running, "c", "new", "")), sidecarAlone, "announce.json", "run", "write exchange clear"},
		{"also when its runner left without it", but(sidecar, says(control.Stopping, "c", "new", "dockerd is away")), sidecarAlone, "", "run", "clear"},
		{"and no more once it is known to be gone", but(sidecar, says(control.Stopped, "", "new", "")), sidecarAlone, "", "run", ""},
		{"restarted of an announce-only service restarts its sidecar", sidecar, sidecarAlone, "announce.json", "run restart", "write .:t"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := wanted{shape: c.want, hash: "new"}
			if c.want == sidecarAlone {
				w.hash = ""
			}
			var changes fstree.Changes
			for _, f := range strings.Fields(c.changes) {
				changes.List = append(changes.List, fstree.Change{Path: f})
			}
			if strings.Contains(c.options, "reread") {
				w.service.Container.EnvFiles, w.contents, c.now.Says.Contents = []string{"/etc/a"}, "digest", "digest of before"
			}
			p := decide(c.now, w, changes, strings.Contains(c.options, "run"), strings.Contains(c.options, "restart"))
			var got []string
			for _, s := range []struct {
				on   bool
				word string
			}{{p.Prepare, "prepare"}, {p.Write, "write"}, {p.Exchange, "exchange"}, {p.Enable, "enable"}} {
				if s.on {
					got = append(got, s.word)
				}
			}
			for _, k := range p.Commands {
				got = append(got, k.Dir+":"+k.Letter)
			}
			if p.Replace {
				got = append(got, c.want.runner+":1")
			}
			for _, s := range []struct {
				on   bool
				word string
			}{{p.NewSpec, "new-spec"}, {p.Retry, "retry"}, {p.Clear, "clear"}} {
				if s.on {
					got = append(got, s.word)
				}
			}
			if strings.Join(got, " ") != c.plan {
				t.Errorf("plan = %q, want %q", strings.Join(got, " "), c.plan)
			}
		})
	}
}

func TestReached(t *testing.T) {
	at := time.Unix(1000, 0)
	run := module.Process{Supervised: true, Status: runit.Status{PID: 7, State: runit.Run}}
	side := module.Process{Supervised: true, Status: runit.Status{PID: 8, State: runit.Run}}
	good := situation{Runner: run, Announcer: side,
		Says:      control.RunnerStatus{PID: 7, Phase: control.Running, Wanted: "h", Spec: "h", Container: "c", Started: at.Add(-time.Minute)},
		Announces: control.AnnounceStatus{PID: 8, State: control.Announced, Container: "c"}, Beat: at.Add(-time.Second)}
	for _, c := range []struct {
		name   string
		change func(*situation)
		shape  shape
		want   string // the values of wait that are reached
	}{
		{"all is well, but for what docker alone knows", func(*situation) {}, both, "running announced"},
		{"all is well, and announced by its HEALTHCHECK", func(s *situation) {}, both, "running healthy announced"},
		{"the sidecar says nothing any more", func(s *situation) { s.Beat = at.Add(-time.Minute) }, both, "running"},
		{"the sidecar said so in the future", func(s *situation) { s.Beat = at.Add(time.Hour) }, both, "running"},
		{"the runner is frozen", func(s *situation) { s.Runner.Status.Paused = true }, both, ""},
		{"a container without sidecar may be unhealthy", func(*situation) {}, runnerAlone, "running"},
		{"the status is of another process", func(s *situation) { s.Says.PID = 6 }, both, ""},
		{"the container is of another spec", func(s *situation) { s.Says.Spec = "old" }, both, ""},
		{"it backs off", func(s *situation) { s.Says.Phase = control.Backoff }, both, ""},
		{"it is up for a second", func(s *situation) { s.Says.Started = at.Add(-time.Second) }, both, "announced"},
		{"it shall be made anew, and cannot", func(s *situation) { s.Says.Error = "container db, whose network it is in, does not run" }, both, ""},
		{"it is not announced", func(s *situation) { s.Announces.State = control.Unhealthy }, both, "running"},
		{"the announcement is of the container before", func(s *situation) { s.Announces.Container = "b" }, both, "running"},
		{"the sidecar is gone", func(s *situation) { s.Announcer = module.Process{} }, both, ""},
		{"an announce-only service is announced", func(s *situation) { s.Runner = module.Process{} }, sidecarAlone, "running healthy announced"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := good
			c.change(&s)
			w := wanted{shape: c.shape, hash: "h", healthAnnounced: strings.HasSuffix(c.name, "HEALTHCHECK")}
			if c.shape == sidecarAlone {
				w.hash = ""
			}
			var got []string
			for _, wait := range []string{"running", "healthy", "announced"} {
				if reached(s, w, wait, at) {
					got = append(got, wait)
				}
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("reached %q, want %q", got, c.want)
			}
		})
	}
}

func TestCheckImage(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0f", 32)
	for _, ok := range []string{"app", "app:1", "app:v1.2-rc_3", "library/app", "registry.s.prod.example.com:5000/influxdb:latest",
		"localhost/app", "Registry.Example.com/team/app:LATEST", "app@" + digest, "r:5000/a/b/c:1@" + digest, "10.0.0.1:5000/a__b/c-d.e"} {
		if err := checkImage(ok); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
	}
	for _, bad := range []string{"", " ", "App", "app:", "app:.1", "app:a b", "-app", "app/", "/app", "a//b", "app-", "app@sha256:00", "app@md5:1",
		"$PRIVATE_IP:5000/app", "re_gistry.x/a b", "app;rm", strings.Repeat("x", 3) + ":" + strings.Repeat("t", 129)} {
		if err := checkImage(bad); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("got: %q", bad)) {
			t.Errorf("%q: error = %v, want one that names it", bad, err)
		}
	}
}

func TestCheckName(t *testing.T) {
	for _, ok := range []string{"db", "a.b", "Web_1", "9-x", strings.Repeat("n", 200)} {
		if err := checkName(ok); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
	}
	// Every byte that Docker refuses, in the first place and in another.
	for b := range 256 {
		c := string([]byte{byte(b)})
		letter := strings.Contains(alphanumeric, c)
		if got := checkName(c+"x") == nil; got != letter {
			t.Errorf("name %q accepted: %v, want %v", c+"x", got, letter)
		}
		if got := checkName("x"+c+"x") == nil; got != (letter || strings.Contains("_.-", c)) {
			t.Errorf("name %q accepted: %v", "x"+c+"x", got)
		}
	}
	for _, bad := range []string{"", "x", strings.Repeat("n", 201), "a/b", "..", "a\n"} {
		if checkName(bad) == nil {
			t.Errorf("name %q is accepted", bad)
		}
	}
	if err := (params{Name: "web.new", State: "absent"}).check(); err != nil {
		t.Errorf("a service that is there with a name that is refused now cannot be removed: %v", err)
	}
	for name, want := range map[string]bool{"web-1": true, "9a": true, "Web": false, "a.b": false, "a_b": false, "a-": false, strings.Repeat("n", 63): true, strings.Repeat("n", 64): false} {
		if got := checkLabel(name) == nil; got != want {
			t.Errorf("label %q accepted: %v, want %v", name, got, want)
		}
	}
}

// TestSettled: a call goes on once the runsvs have done what they were told,
// not once the processes merely are there.
func TestSettled(t *testing.T) {
	running := module.Process{Supervised: true, Status: runit.Status{PID: 7, State: runit.Run}}
	paused := module.Process{Supervised: true, Status: runit.Status{PID: 7, State: runit.Run, Paused: true}}
	down := module.Process{Supervised: true, Status: runit.Status{PID: 7, State: runit.Run, WantDown: true}}
	next := module.Process{Supervised: true, Status: runit.Status{PID: 8, State: runit.Run}}
	pair := func(outer, runner, announcer module.Process) situation {
		return situation{Shape: both, Outer: outer, Runner: runner, Announcer: announcer,
			Says:      control.RunnerStatus{PID: 7},
			Announces: control.AnnounceStatus{PID: 7}}
	}
	logged := func(logger module.Process) situation {
		s := pair(running, running, running)
		s.Loggers = map[string]module.Process{"services/service/log": logger}
		return s
	}
	for _, c := range []struct {
		name    string
		told    module.Command
		before  situation
		now     situation
		settled bool
	}{
		{"nothing is told", module.Command{}, pair(running, running, running), pair(running, running, running), true},
		{"the service is paused still", module.Command{Dir: ".", Letter: "c"}, pair(paused, running, running), pair(paused, running, running), false},
		{"the service goes on", module.Command{Dir: ".", Letter: "c"}, pair(paused, running, running), pair(running, running, running), true},
		{"the runner is paused still", module.Command{Dir: both.runner, Letter: "c"}, pair(running, paused, running), pair(running, paused, running), false},
		{"the runner goes on", module.Command{Dir: both.runner, Letter: "c"}, pair(running, paused, running), pair(running, running, running), true},
		{"the sidecar is paused still", module.Command{Dir: both.sidecar, Letter: "c"}, pair(running, running, paused), pair(running, running, paused), false},
		{"the runner is wanted down still", module.Command{Dir: both.runner, Letter: "u"}, pair(running, down, running), pair(running, down, running), false},
		{"the runner of before is there still", module.Command{Dir: both.runner, Letter: "h"}, pair(running, running, running), pair(running, running, running), false},
		{"its successor has no status yet", module.Command{Dir: both.runner, Letter: "h"}, pair(running, running, running), pair(running, next, running), false},
		{"those that a killed outer runsv left have not handed over", module.Command{}, pair(module.Process{}, running, running), pair(running, running, running), false},
		{"the service is supervised for the first time", module.Command{}, situation{}, pair(running, running, running), true},
		{"the logger of before is there still", module.Command{Dir: "services/service/log", Letter: "t"}, logged(running), logged(running), false},
		{"the logger is another", module.Command{Dir: "services/service/log", Letter: "t"}, logged(running), logged(next), true},
	} {
		var p plan
		if c.told.Dir != "" {
			p.Commands = []module.Command{c.told}
		}
		if got := p.settled(both, c.before, c.now); got != c.settled {
			t.Errorf("%s: settled = %v, want %v", c.name, got, c.settled)
		}
	}
}
