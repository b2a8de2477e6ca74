package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"rundock/modules/rundock/look"
)

const rolling = "state=enabled name=roll rollback=yes wait_timeout=4 "

func TestRollback(t *testing.T) {
	m := onHost(t)
	const v1, v2 = rolling + "image=app:1 args='-e A=1' env_secret='{\"S\":\"hunter2\"}'", rolling + "image=crashes announce=80"
	m.apply(v1)
	m.wantEvents("roll", "container 1 started")
	if !strings.Contains(m.asked(), "keep roll") {
		t.Errorf("the image of what is well is not kept: %s", m.asked())
	}
	if info, err := os.Stat("/var/lib/rundock/roll/good.json"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("good.json, which holds secrets: %v, %v", info, err)
	}

	// Again: a second failure has the same to go back to.
	for _, diff := range [][]string{{"service.json"}, nil} {
		a := m.call(v2)
		if want := "it was rolled back to the service directory of before and image sha256:app:1: roll is not running after 4s"; !a.Failed || !strings.HasPrefix(a.Msg, want) {
			t.Errorf("msg = %q, want %q", a.Msg, want)
		}
		if !a.Changed || a.Actions[len(a.Actions)-1] != "rolled back" {
			t.Errorf("changed=%v, actions = %q, want it to tell of the rollback", a.Changed, a.Actions)
		}
		if a.Service["running"] != true || a.Service["announced"] != false {
			t.Errorf("service = %v, want the old one running", a.Service)
		}
		m.wantDiff(a, "roll", diff...)
		s := service(t, "roll")
		if s["pin"] != "sha256:app:1" || look.Exists("/etc/sv/docker-roll/services") {
			t.Errorf("service.json = %v, want it pinned to the image of before", s)
		}
		if strings.Contains(a.raw, "hunter2") {
			t.Errorf("the answer shows a secret: %s", a.raw)
		}
	}
	if list := m.events("roll"); strings.Contains(strings.Join(list, "\n"), "container 1 stopped") {
		t.Errorf("the container, which could have gone on, did not: %q", list)
	}

	a := m.apply(v1)
	m.wantActions(a, "files updated", "runner handed over")
	m.wantDiff(a, "roll", "service.json")
	m.wantEvents("roll", "container 1 adopted")
	m.apply("state=absent name=roll")
	if look.Exists("/var/lib/rundock/roll") {
		t.Error("absent leaves the state to roll back to")
	}
}

// service is service.json of a container without sidecar.
func service(t *testing.T, name string) map[string]any {
	t.Helper()
	data, err := os.ReadFile("/etc/sv/docker-" + name + "/service.json")
	must(t, err)
	var s map[string]any
	must(t, json.Unmarshal(data, &s))
	return s
}

// The same reference means another image, which is no good: the old one is
// run by its id.
func TestRollbackOfAnImageUnderTheSameTag(t *testing.T) {
	m := onHost(t)
	call := strings.Replace(rolling, "roll ", "tag ", 1) + "image=app:latest"
	must(t, os.WriteFile("/run/standin/app:latest", []byte("sha256:one"), 0o644))
	defer os.Remove("/run/standin/app:latest")
	m.apply(call)
	must(t, os.WriteFile("/run/standin/app:latest", []byte("sha256:bad"), 0o644))
	m.events("tag")
	a := m.call(strings.Replace(call, "enabled", "restarted", 1))
	if want := "and image sha256:one: tag is not running after 4s"; !a.Failed || !strings.Contains(a.Msg, want) {
		t.Errorf("msg = %q, want %q", a.Msg, want)
	}
	m.wantEvents("tag", "container 1 stopped", "container 2 started", "container 2 stopped", "container 3 started")
	if a.Service["image"] != "sha256:one" || service(t, "tag")["pin"] != "sha256:one" {
		t.Errorf("service = %v, want it to run image sha256:one", a.Service)
	}
	must(t, os.WriteFile("/run/standin/app:latest", []byte("sha256:two"), 0o644))
	m.apply(strings.Replace(call, "enabled", "restarted", 1))
	if s := service(t, "tag"); s["pin"] != nil {
		t.Errorf("service.json = %v, want no pin after the next call", s)
	}
	m.apply("state=absent name=tag")
}

func TestRollbackOfAFirstInstallStopsIt(t *testing.T) {
	m := onHost(t)
	const call = rolling + "image=crashes"
	for range 2 {
		a := m.call(call)
		if want := "it was stopped, as there is nothing to roll back to: roll is not running after 4s"; !a.Failed || !a.Changed || !strings.HasPrefix(a.Msg, want) {
			t.Errorf("changed=%v, msg = %q, want %q", a.Changed, a.Msg, want)
		}
		if a.Service["enabled"] != false || a.Service["supervised"] != false || a.Service["installed"] != true {
			t.Errorf("service = %v, want it stopped, and its files there", a.Service)
		}
		for _, d := range a.Diff {
			if strings.HasPrefix(d.Before, "absent") {
				t.Errorf("the diff has a link that is not there: %v", d)
			}
		}
	}
	m.apply("state=enabled name=roll image=app:1")
	// Well, but no call with rollback has seen it so: this one does.
	a := m.call(rolling + "image=crashes")
	if want := "it was rolled back to the service directory of before and image sha256:app:1"; !a.Failed || !strings.HasPrefix(a.Msg, want) {
		t.Errorf("msg = %q, want %q", a.Msg, want)
	}
	m.apply("state=absent name=roll")
}

// A module that is killed before it could roll back leaves that to the next.
func TestRollbackAfterAnInterruptedCall(t *testing.T) {
	m := onHost(t)
	m.apply(rolling + "image=app:1")
	a := m.call(strings.Replace(rolling, "rollback=yes", "rollback=no", 1) + "image=crashes wait=none")
	if a.Failed {
		t.Fatal(a.Msg)
	}
	a = m.call(rolling + "image=crashes")
	if want := "it was rolled back to the service directory of before and image sha256:app:1"; !a.Failed || !a.Changed || !strings.HasPrefix(a.Msg, want) {
		t.Errorf("msg = %q, want %q", a.Msg, want)
	}
	if a.Service["running"] != true {
		t.Errorf("service = %v, want the old one running", a.Service)
	}
	// A rundockd that is killed while it waits has found out nothing.
	must(t, os.WriteFile("/run/standin/dies", nil, 0o644))
	a = m.call(rolling + "image=crashes")
	if !a.Failed || !strings.Contains(a.Msg, "rundockd ctl wait roll: exit status 3") || strings.Contains(a.Msg, "rolled back") {
		t.Errorf("msg = %q, want it to say that rundockd ended, and nothing of a rollback", a.Msg)
	}
	must(t, os.Remove("/run/standin/dies"))
	a = m.call(rolling + "image=crashes")
	if !a.Failed || !strings.HasPrefix(a.Msg, "it was rolled back to") || a.Service["running"] != true {
		t.Errorf("the next call: msg = %q, service = %v, want it rolled back and running", a.Msg, a.Service)
	}
	m.refuses(rolling+"image=app:1 wait=none", "value of wait must be one of: running, healthy, announced where rollback is true, got: none")
	must(t, os.WriteFile("/var/lib/rundock/roll/good.json", []byte("{"), 0o600))
	a = m.call(rolling + "image=crashes")
	if want := "it is not rolled back: read the state to roll back to, /var/lib/rundock/roll/good.json"; !a.Failed || !strings.HasPrefix(a.Msg, want) {
		t.Errorf("msg = %q, want %q", a.Msg, want)
	}
	m.apply("state=absent name=roll")
}
