package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/runit"
	"rundock/modules/rundock/look"
	"rundock/modules/rundock/params"
)

const image = " image=registry.example.com:5000/app:1"

// A service without a sidecar, from nothing to nothing.
func TestContainerAlone(t *testing.T) {
	m := onHost(t)
	const web = "name=web" + image
	files := []string{"run", "finish", "check", "service.json", "log/run", "log/config"}

	a := m.apply(web)
	m.wantActions(a, "installed")
	m.wantDiff(a, "web", files...)
	m.wantEvents("web")
	if m.asked() != "" {
		t.Errorf("present on a service that is not enabled asks rundockd: %s", m.asked())
	}

	a = m.apply("state=enabled " + web)
	m.wantActions(a, "enabled")
	m.wantDiff(a, "web", "/etc/service/docker-web")
	m.wantEvents("web", "container 1 started")
	if a.Service["running"] != true || a.Service["enabled"] != true || a.Service["container"] != "1" || a.Service["announced"] != false {
		t.Errorf("service = %v, want it enabled and running container 1", a.Service)
	}
	m.apply(web) // present, on an enabled one

	a = m.apply("state=enabled " + web + " args='-e A=1'")
	m.wantActions(a, "files updated", "container replaced")
	m.wantDiff(a, "web", "run", "service.json")
	m.wantEvents("web", "container 1 stopped", "container 2 started")

	a = m.apply(web + " args='-e A=1' stop_timeout=20")
	m.wantActions(a, "files updated", "runner handed over")
	m.wantDiff(a, "web", "service.json")
	m.wantEvents("web", "container 2 adopted")

	sv(t, "stop", "/etc/service/docker-web")
	m.wantEvents("web", "container 2 stopped")
	a = m.apply("state=enabled " + web + " args='-e A=1' stop_timeout=20")
	m.wantActions(a, "runner started")
	m.wantDiff(a, "web")
	m.wantEvents("web", "container 3 started")

	a = m.apply("state=restarted " + web + " args='-e A=1' stop_timeout=20")
	m.wantActions(a, "container restarted")
	m.wantEvents("web", "container 3 stopped", "container 4 started")
	a = m.apply("state=restarted " + web + " args='-e A=1'")
	m.wantActions(a, "files updated", "runner handed over", "container restarted")
	m.wantEvents("web", "container 4 adopted", "container 4 stopped", "container 5 started")

	must(t, os.WriteFile("/etc/sv/docker-web/log/run", []byte("#!/bin/sh\nexec svlogd -tt .\n"), 0o755))
	a = m.apply("state=enabled " + web + " args='-e A=1'")
	m.wantActions(a, "files updated", "runner's logger restarted")
	m.wantEvents("web")

	await.True(t, "the new logger has its file open", func() bool {
		s, err := runit.ReadStatus("/etc/sv/docker-web/log")
		must(t, err)
		open, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", s.PID))
		return slices.ContainsFunc(open, func(fd string) bool {
			to, _ := os.Readlink(fd)
			return to == "/var/log/docker-web/current"
		})
	})
	must(t, os.RemoveAll("/var/log/docker-web"))
	m.wantActions(m.apply("state=enabled "+web+" args='-e A=1'"), "runner's logger restarted")
	await.True(t, "it writes to a file that is there", func() bool { return look.Exists("/var/log/docker-web/current") })
	must(t, os.WriteFile("/etc/sv/docker-web/down", nil, 0o644))
	a = m.call("state=enabled " + web + " args='-e A=1'")
	if a.Failed || a.Changed || len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "docker-web is not started at boot: the file /etc/sv/docker-web/down is there") {
		t.Errorf("beside a file named down it says %q, and warns %q", a.Msg, a.Warnings)
	}
	must(t, os.Remove("/etc/sv/docker-web/down"))
	m.wantEvents("web")

	a = m.apply("state=disabled name=web")
	m.wantActions(a, "disabled", "stopped")
	m.wantDiff(a, "web", "/etc/service/docker-web")
	m.wantEvents("web", "container 5 stopped")

	a = m.apply("state=absent name=web")
	m.wantActions(a, "removed")
	m.wantDiff(a, "web", files...)
	m.wantEvents("web")
	if look.Exists("/etc/sv/docker-web") || look.Exists("/etc/sv/.docker-web.old") {
		t.Error("the service directory is still there")
	}
}

// A service with a sidecar: only what changed is touched.
func TestContainerWithSidecar(t *testing.T) {
	m := onHost(t)
	const db = "state=enabled name=db" + image + " wait=announced"

	a := m.apply(db + " announce=8086")
	m.wantActions(a, "installed", "enabled")
	m.wantEvents("db", "container 1 started", "announced port 8086")
	if records, ok := a.Service["records"].([]any); !ok || len(records) != 1 || a.Service["announced"] != true {
		t.Errorf("service = %v, want one record announced", a.Service)
	}

	// Published already, so the container stays as it is.
	a = m.apply(db + " announce=8086 args='-p $PRIVATE_IP:8086:8086'")
	m.wantActions(a)
	m.wantEvents("db")

	a = m.apply(db + " announce=8087 args='-p $PRIVATE_IP:8086:8086 -p $PRIVATE_IP:8087:8087'")
	m.wantEvents("db", "container 1 stopped", "container 2 started", "announced port 8087")
	a = m.apply(db + " announce=8086 args='-p $PRIVATE_IP:8086:8086 -p $PRIVATE_IP:8087:8087'")
	m.wantActions(a, "files updated", "announcer handed over")
	m.wantDiff(a, "db", "services/announce/announce.json", "services/announce/run")
	m.wantEvents("db", "announced port 8086")

	// Drain is in the outer script as well, whose successor adopts everything.
	a = m.apply(db + " announce=8086 drain=1 args='-p $PRIVATE_IP:8086:8086 -p $PRIVATE_IP:8087:8087'")
	m.wantActions(a, "files updated", "supervision handed over")
	m.wantEvents("db", "container 2 adopted", "announced port 8086")

	last := db + " announce=8086 args='-p $PRIVATE_IP:8086:8086 -p $PRIVATE_IP:8087:8087' drain=1"
	sv(t, "stop", "/etc/sv/docker-db/services/announce")
	m.wantEvents("db", "withdrawn")
	a = m.apply(last)
	m.wantActions(a, "announcer started")
	m.wantEvents("db", "announced port 8086")

	a = m.apply("state=restarted " + strings.TrimPrefix(last, "state=enabled "))
	m.wantActions(a, "container restarted")
	m.wantEvents("db", "container 2 stopped", "container 3 started")

	must(t, os.WriteFile("/etc/sv/docker-db/services/service/down", nil, 0o644))
	a = m.apply("state=disabled name=db")
	m.wantEvents("db", "withdrawn", "container 3 stopped")
	if !look.Exists("/etc/sv/docker-db/services/service/down") {
		t.Error("an operator's file is gone")
	}
	must(t, os.Remove("/etc/sv/docker-db/services/service/down"))

	m.apply(last)
	m.events("db")
	m.apply("state=absent name=db")
	m.wantEvents("db", "withdrawn", "container 4 stopped")
}

// The shape of the supervision changes and the container lives on.
func TestSidecarComesAndGoes(t *testing.T) {
	m := onHost(t)
	const published = image + " args='-p $PRIVATE_IP:80:80'"
	const alone, both = "state=enabled name=shop" + published, "state=enabled name=shop announce=80" + published

	m.apply(alone)
	m.wantEvents("shop", "container 1 started")

	a := m.apply(both)
	m.wantActions(a, "files updated", "supervision exchanged")
	m.wantEvents("shop", "container 1 adopted", "announced port 80")
	if look.Exists("/etc/sv/docker-shop/log") {
		t.Error("the folder of the old layout's logger is still there")
	}

	a = m.apply(alone)
	m.wantActions(a, "files updated", "supervision exchanged")
	m.wantEvents("shop", "withdrawn", "container 1 adopted")
	if look.Exists("/etc/sv/docker-shop/services") {
		t.Error("the folder of the old layout's services is still there")
	}

	a = m.apply("state=enabled name=shop announce=80")
	m.wantActions(a, "files updated", "supervision exchanged", "container removed")
	m.wantEvents("shop", "container 1 stopped", "announced port 80")

	a = m.apply("state=restarted name=shop announce=80")
	m.wantActions(a, "announcer restarted")
	m.wantEvents("shop", "withdrawn", "announced port 80")

	m.apply(both)
	m.wantEvents("shop", "announced port 80", "container 2 started")
	m.apply("state=absent name=shop")
	m.wantEvents("shop", "withdrawn", "container 2 stopped")
}

func TestInterruptedCallIsFinished(t *testing.T) {
	m := onHost(t)
	const v1, v2 = "state=enabled name=cut announce=80 args='-p $PRIVATE_IP:80:80' image=app:1", "state=enabled name=cut announce=80 args='-p $PRIVATE_IP:80:80' image=app:2"
	m.apply(v1)
	m.events("cut")
	// What a call leaves that was killed after writing: the new files.
	service := "/etc/sv/docker-cut/services/service/"
	for _, f := range []string{"service.json", "run"} {
		data, err := os.ReadFile(service + f)
		must(t, err)
		must(t, os.WriteFile(service+f, []byte(strings.ReplaceAll(string(data), "app:1", "app:2")), 0o755))
	}
	must(t, os.Chmod(service+"service.json", 0o600))
	a := m.apply(v2)
	m.wantActions(a, "container replaced")
	m.wantEvents("cut", "container 1 stopped", "container 2 started")

	t.Run("also when it was exchanging the supervision", func(t *testing.T) {
		m := onHost(t)
		must(t, os.RemoveAll("/etc/sv/docker-cut/services/announce/announce.json"))
		const alone = "state=enabled name=cut args='-p $PRIVATE_IP:80:80' image=app:2"
		p := params.Params{Name: "cut", State: "enabled", Pull: "always", StopTimeout: 10, AnnounceAs: "private", Wait: "none", WaitTimeout: 30, Image: ptr("app:2"), Args: ptr("-p $PRIVATE_IP:80:80")}
		writeOnly(t, p)
		a := m.apply(alone)
		m.wantActions(a, "supervision exchanged")
		m.wantEvents("cut", "withdrawn", "container 2 adopted")
		m.apply("state=absent name=cut")
	})
}

// What runs is judged by what it has read, not by clocks: files are younger
// than the processes after a boot with a clock that was slow.
func TestClocksDoNotMatter(t *testing.T) {
	m := onHost(t)
	for _, args := range []string{"announce=80 drain=1" + image, "announce=80", image} {
		args := "state=enabled name=clock " + args
		m.apply(args)
		m.events("clock")
		now := time.Now()
		must(t, filepath.WalkDir("/etc/sv/docker-clock", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.Name() == "supervise" {
				return fs.SkipDir
			}
			return os.Chtimes(path, now, now)
		}))
		m.wantActions(m.apply(args))
		m.wantEvents("clock")
	}
	m.apply("state=absent name=clock")

	t.Run("also where the files of an interrupted call look old", func(t *testing.T) {
		m := onHost(t)
		const args = "-p $PRIVATE_IP:80:80 -p $PRIVATE_IP:81:81"
		call := func(announce, drain int) string {
			return fmt.Sprintf("state=enabled name=clock announce=%d drain=%d args='%s' image=app:1", announce, drain, args)
		}
		m.apply(call(80, 0))
		m.events("clock")
		for _, c := range []struct {
			announce, drain int
			action          string
		}{{81, 0, "announcer handed over"}, {81, 1, "supervision handed over"}} {
			p := params.Params{Name: "clock", State: "enabled", Pull: "always", StopTimeout: 10, AnnounceAs: "private", Wait: "none", WaitTimeout: 30,
				Image: ptr("app:1"), Args: ptr(args), Announce: ptr(c.announce), Drain: c.drain}
			for _, f := range writeOnly(t, p) {
				must(t, os.Chtimes(filepath.Join("/etc/sv/docker-clock", f.Path), time.Unix(0, 0), time.Unix(0, 0)))
			}
			m.wantActions(m.apply(call(c.announce, c.drain)), c.action)
		}
		const log = "/etc/sv/docker-clock/services/service/log"
		wanted, err := os.ReadFile(log + "/config")
		must(t, err)
		must(t, os.WriteFile(log+"/config", []byte("s5000\n"), 0o644))
		sv(t, "restart", log)
		await.True(t, "the logger has read another configuration", func() bool {
			s, err := runit.ReadStatus(log)
			environment, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", s.PID))
			return err == nil && strings.Contains(string(environment), "\ns5000\x00")
		})
		must(t, os.WriteFile(log+"/config", wanted, 0o644))
		must(t, os.Chtimes(log+"/config", time.Unix(0, 0), time.Unix(0, 0)))
		m.wantActions(m.apply(call(81, 1)), "runner's logger restarted")
		m.apply("state=absent name=clock")
	})
}

func TestKilledSupervisorsAreCleanedUp(t *testing.T) {
	m := onHost(t)
	const args = "state=enabled name=kill announce=80" + image
	m.apply(args)
	m.events("kill")
	kill(t, supervised(t, "/etc/sv/docker-kill")) // the outer script: its runsvdir and runsvs are left behind
	await.True(t, "the service is announced by a new sidecar", func() bool {
		data, _ := os.ReadFile("/run/standin/kill.events")
		return strings.Contains(string(data), "adopted") && strings.Contains(string(data), "announced")
	})
	m.events("kill")
	kill(t, supervised(t, "/etc/sv/docker-kill/services/service"))
	m.apply("state=absent name=kill")
	if last := m.events("kill"); !slices.Contains(last, "container 1 stopped") && !slices.Contains(last, "container 1 removed") {
		t.Errorf("the container of a killed runner runs on: %q", last)
	}
	for _, d := range []string{"", "/services/service", "/services/announce"} {
		if on, _ := runit.Supervised("/etc/sv/docker-kill" + d); on {
			t.Errorf("%s is still supervised", d)
		}
	}
}

func TestWhatDoesNotStopIsKilled(t *testing.T) {
	m := onHost(t)
	m.apply("state=enabled name=stubborn announce=80 stop_timeout=5" + image)
	must(t, os.WriteFile("/run/standin/stubborn.hangs", nil, 0o644))
	m.events("stubborn")
	r := newTask(t, params.Params{Name: "stubborn", State: "absent", WaitTimeout: 30}).Run()
	must(t, r.Err)
	m.wantEvents("stubborn", "withdrawn", "container 1 removed")
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "stubborn has not stopped within 6s and was killed") {
		t.Errorf("warnings = %q, want one that it was killed", r.Warnings)
	}
	m.apply("state=absent name=stubborn")
}

func TestHiddenLinkIsRespected(t *testing.T) {
	m := onHost(t)
	must(t, os.Symlink("/etc/sv/docker-held", "/etc/service/.docker-held"))
	for range 2 {
		a := m.call("state=enabled name=held" + image)
		if a.Failed || a.Service["enabled"] != false || len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "/etc/service/.docker-held") {
			t.Errorf("enabled under a hidden link: %s", a.raw)
		}
	}
	m.wantEvents("held")
	m.apply("state=disabled name=held")
	m.apply("state=absent name=held")
	if look.Exists("/etc/service/.docker-held") {
		t.Error("absent leaves the hidden link, which leads nowhere")
	}
}

// An operator disables a service by putting a dot in front of its link, and
// enables it by taking the dot away. What is called meanwhile is written.
func TestHiddenLinkOfAnOperatorIsRespected(t *testing.T) {
	m := onHost(t)
	const call = "state=enabled name=shy image=app:1"
	m.apply(call)
	move := func(from, to, event string) {
		t.Helper()
		must(t, os.Rename("/etc/service/"+from, "/etc/service/"+to))
		await.True(t, "runsvdir has seen it", func() bool {
			runit.Wake("/etc/service")
			data, _ := os.ReadFile("/run/standin/shy.events")
			return strings.HasSuffix(string(data), event+"\n")
		})
	}
	move("docker-shy", ".docker-shy", "container 1 stopped")
	m.events("shy")
	for _, c := range []struct {
		args    string
		actions []string
	}{
		{call + " args='-e A=1'", []string{"files updated"}},
		{call + " args='-e A=1'", nil},
		{"state=restarted name=shy image=app:1 args='-e A=1'", nil},
	} {
		a := m.call(c.args)
		m.wantActions(a, c.actions...)
		if a.Failed || len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "shy stays disabled: the link /etc/service/.docker-shy is there") {
			t.Errorf("%s under a hidden link: %s", c.args, a.raw)
		}
	}
	m.apply("state=present name=shy image=app:1 args='-e A=1'")
	m.apply("state=disabled name=shy")
	m.wantEvents("shy")
	move(".docker-shy", "docker-shy", "container 2 started")
	m.wantActions(m.apply(call + " args='-e A=1'"))
	m.apply("state=absent name=shy")
}
