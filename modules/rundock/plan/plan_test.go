package plan

import (
	"strings"
	"testing"

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

	says := func(phase control.Phase, container, spec, problem string) func(*Situation) {
		return func(s *Situation) {
			s.Says = control.RunnerStatus{PID: 7, Phase: phase, Container: container, Spec: spec, Error: problem}
		}
	}
	single := Situation{Standing: module.Standing{Installed: true, Enabled: true}, Shape: RunnerAlone, Spec: "new", Outer: running, Runner: running}
	nested := Situation{Standing: module.Standing{Installed: true, Enabled: true}, Shape: Both, Spec: "new", Outer: running, Runner: running, Announcer: running}
	sidecar := Situation{Standing: module.Standing{Installed: true, Enabled: true}, Shape: SidecarAlone, Outer: running, Announcer: running}
	but := func(s Situation, change func(*Situation)) Situation { change(&s); return s }

	for _, c := range []struct {
		name    string
		now     Situation
		want    Shape
		changes string
		options string // run, restart
		plan    string
	}{
		{"what is as it should be is left alone", nested, Both, "", "run", ""},
		{"a new service is checked, written and enabled", Situation{}, Both, "run services/service/run", "run", "prepare write enable"},
		{"present writes only, where the service is disabled", but(nested, func(s *Situation) { s.Enabled = false; s.Outer = module.Process{} }), Both, "services/service/run", "", "write"},
		{"a disabled one is enabled", but(single, func(s *Situation) { s.Enabled = false; s.Outer, s.Runner = module.Process{}, module.Process{} }), RunnerAlone, "", "run", "prepare enable"},
		{"a link that runsvdir has not seen is waited for", but(single, func(s *Situation) { s.Outer, s.Runner = module.Process{}, module.Process{} }), RunnerAlone, "", "run", "prepare enable"},
		{"one that was unlinked a moment ago is linked again", but(single, func(s *Situation) { s.Enabled = false }), RunnerAlone, "", "run", "enable"},
		{"another spec has the runner replace the container", but(single, func(s *Situation) { s.Spec = "old" }), RunnerAlone, "service.json run", "run", "prepare write .:h new-spec"},
		{"another script has it hand over", single, RunnerAlone, "run", "run", "write .:h"},
		{"finish and check are read when they are needed", single, RunnerAlone, "finish check", "run", "write"},
		{"a changed announcement touches the sidecar alone", nested, Both, "services/announce/announce.json", "run", "reannounce write services/announce:h"},
		{"a changed log script touches the logger alone", nested, Both, "services/service/log/run", "run", "write services/service/log:t"},
		{"a logger that writes to a file that is gone is restarted", but(nested, func(s *Situation) { s.Loggers = map[string]module.Process{"services/service/log": stale} }), Both, "", "run", "services/service/log:t"},
		{"one that was stopped goes on", but(nested, func(s *Situation) { s.Loggers = map[string]module.Process{"services/announce/log": paused} }), Both, "", "run", "services/announce/log:c"},
		{"the outer script takes all with it, and the container stays", nested, Both, "run services/announce/run", "run", "write .:h"},
		{"an interrupted call is finished", but(nested, func(s *Situation) { s.Runner = stale }), Both, "", "run", "services/service:h"},
		{"sv down of the service is undone", but(nested, func(s *Situation) { s.Outer = down }), Both, "", "run", "prepare .:u"},
		{"sv down of the runner is undone", but(nested, func(s *Situation) { s.Runner = down }), Both, "", "run", "prepare services/service:u"},
		{"sv down of the sidecar is undone, without Docker", but(nested, func(s *Situation) { s.Announcer = down }), Both, "", "run", "services/announce:u"},
		{"sv pause is undone", but(single, func(s *Situation) { s.Outer, s.Runner = paused, paused }), RunnerAlone, "", "run", ".:c"},
		{"a new sidecar exchanges the supervision", single, Both, "run service.json services/service/run", "run", "write exchange"},
		{"restarted replaces the container", nested, Both, "", "run restart", "prepare services/service:1"},
		{"another content of an env file replaces the container", nested, Both, "", "run reread", "prepare services/service:1"},
		{"another content and another spec replace it once", but(single, func(s *Situation) { s.Spec = "old" }), RunnerAlone, "service.json", "run reread", "prepare write .:h new-spec"},
		{"a disabled one reads its files when it is started", but(single, func(s *Situation) { s.Enabled = false; s.Outer, s.Runner = module.Process{}, module.Process{} }), RunnerAlone, "", "run reread", "prepare enable"},
		{"restarted with another script hands over first", single, RunnerAlone, "run", "run restart", "prepare write .:h .:1"},
		{"restarted with another spec replaces it once", but(single, func(s *Situation) { s.Spec = "old" }), RunnerAlone, "service.json", "run restart", "prepare write .:h new-spec"},
		{"restarted starts what is down", but(single, func(s *Situation) { s.Outer, s.Runner = down, down }), RunnerAlone, "", "run restart", "prepare .:u"},
		{"a lost service.json costs no container", but(single, func(s *Situation) { s.Spec = ""; says(control.Running, "c", "new", "")(s) }), RunnerAlone, "service.json", "run", "write .:h"},
		{"files of an interrupted call do not hide the old container", but(single, func(s *Situation) { s.Runner.Stale = true; says(control.Running, "c", "old", "")(s) }), RunnerAlone, "", "run", "prepare .:h new-spec"},
		{"what another runner said of the container does not count", but(single, func(s *Situation) { says(control.Running, "c", "old", "")(s); s.Says.PID = 6 }), RunnerAlone, "", "run", ""},
		{"a back-off is cut short", but(single, says(control.Backoff, "", "new", "no such host")), RunnerAlone, "", "run", "retry"},
		{"so is the wait of a runner whose wanted container cannot be made", but(single, says(control.Running, "c", "old", "no such host")), RunnerAlone, "", "run", "prepare new-spec retry"},
		{"and a successor need not be told", but(single, says(control.Backoff, "", "new", "no such host")), RunnerAlone, "run", "run", "write .:h"},
		{"present on a disabled service tells nobody", but(single, func(s *Situation) { s.Enabled = false; says(control.Backoff, "", "new", "no such host")(s) }), RunnerAlone, "", "", ""},
		{"a container that is to be none is looked for", but(single, says(control.Running, "c", "new", "")), SidecarAlone, "announce.json", "run", "write exchange clear"},
		{"also when its runner left without it", but(sidecar, says(control.Stopping, "c", "new", "dockerd is away")), SidecarAlone, "", "run", "clear"},
		{"and no more once it is known to be gone", but(sidecar, says(control.Stopped, "", "new", "")), SidecarAlone, "", "run", ""},
		{"restarted of an announce-only service restarts its sidecar", sidecar, SidecarAlone, "announce.json", "run restart", "write .:t"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := Wanted{Shape: c.want, Hash: "new"}
			if c.want == SidecarAlone {
				w.Hash = ""
			}
			var changes fstree.Changes
			for _, f := range strings.Fields(c.changes) {
				changes.List = append(changes.List, fstree.Change{Path: f})
			}
			if strings.Contains(c.options, "reread") {
				w.Service.Container.EnvFiles, w.Contents, c.now.Says.Contents = []string{"/etc/a"}, "digest", "digest of before"
			}
			p := Decide(c.now, w, changes, strings.Contains(c.options, "run"), strings.Contains(c.options, "restart"))
			var got []string
			for _, s := range []struct {
				on   bool
				word string
			}{{p.Prepare, "prepare"}, {p.Reannounce, "reannounce"}, {p.Write, "write"}, {p.Exchange, "exchange"}, {p.Enable, "enable"}} {
				if s.on {
					got = append(got, s.word)
				}
			}
			for _, k := range p.Commands {
				got = append(got, k.Dir+":"+k.Letter)
			}
			if p.Replace {
				got = append(got, c.want.Runner+":1")
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
