package main

import (
	"os"
	"strings"
	"testing"

	"rundock/internal/await"
)

// TestDockerdIsAway while a service is to go: with live-restore its container
// runs on, and nothing that is said may hide that.
func TestDockerdIsAway(t *testing.T) {
	m := onHost(t)
	const down = "/run/standin/docker-down"
	m.apply("state=enabled name=on announce=80 image=app:1")
	m.events("on")
	must(t, os.WriteFile(down, nil, 0o644))
	for _, state := range []string{"disabled", "absent"} {
		if a := m.call("state="+state+" name=on", "check_mode"); !a.Failed || a.Changed || len(a.Actions) > 0 || len(a.Diff) > 0 {
			t.Errorf("check of %s says %s, want that it would fail", state, a.raw)
		}
	}
	a := m.call("state=disabled name=on")
	if want := "on is disabled, but it is not known to be stopped: dockerd is away"; !a.Failed || a.Msg != want {
		t.Errorf("disabled says %s, want it to fail with %s", a.raw, want)
	}
	m.wantActions(a, "disabled")
	for _, mode := range [][]string{{"check_mode"}, nil} {
		if a := m.call("state=disabled name=on", mode...); !a.Failed || len(a.Actions) > 0 {
			t.Errorf("disabled again %v says %s, want it to fail", mode, a.raw)
		}
	}
	m.wantEvents("on", "withdrawn")
	must(t, os.Remove(down))
	m.wantActions(m.apply("state=disabled name=on"), "container removed")
	m.wantEvents("on", "container 1 removed")
	m.apply("state=enabled name=on announce=80 image=app:1")
	m.events("on")

	must(t, os.WriteFile(down, nil, 0o644))
	a = m.call("state=enabled name=on announce=80")
	if !a.Failed || !strings.Contains(a.Msg, "dockerd is away") {
		t.Errorf("without its container, the service is made: %s", a.raw)
	}
	must(t, os.Remove(down))
	m.apply("state=enabled name=on announce=80")
	m.wantEvents("on", "withdrawn", "announced port 80", "container 2 removed")
	m.apply("state=absent name=on")
}

// TestFoldersDeletedByHand: what a service may have left runs on when its
// service directory, its link and its status are deleted, and only dockerd
// knows.
func TestFoldersDeletedByHand(t *testing.T) {
	m := onHost(t)
	const down = "/run/standin/docker-down"
	for _, args := range []string{"", " announce=80"} {
		m.apply("state=enabled name=torn image=app:1" + args)
		m.events("torn")
		must(t, os.WriteFile(down, nil, 0o644))
		for _, path := range []string{"/etc/service/docker-torn", "/etc/sv/docker-torn"} {
			must(t, os.RemoveAll(path))
		}
		await.Nil(t, "the status is deleted", func() error { return os.RemoveAll("/run/rundock/torn") })
		for call := range 2 {
			a := m.call("state=disabled name=torn")
			if want := "torn is disabled, but it is not known to be stopped: dockerd is away"; !a.Failed || a.Msg != want || len(a.Actions) > 0 {
				t.Errorf("disabled says, %d calls after that, %s, want it to fail with %s", call, a.raw, want)
			}
		}
		must(t, os.Remove(down))
		a := m.call("state=disabled name=torn")
		if a.Failed {
			t.Errorf("disabled fails: %s", a.raw)
		}
		m.wantActions(a, "container removed")
		if a := m.call("state=disabled name=torn"); a.Failed || a.Changed {
			t.Errorf("disabled again: %s", a.raw)
		}
		m.apply("state=absent name=torn")
	}
}

// TestCheckModeRefuses what the call refuses, and predicts nothing then.
func TestCheckModeRefuses(t *testing.T) {
	m := onHost(t)
	must(t, os.WriteFile("/run/standin/refusal", []byte("a container named web is there that rundock did not make\n"), 0o644))
	for _, args := range []string{"state=enabled name=web image=app:1", "state=restarted name=web announce=80 image=app:1"} {
		a := m.call(args, "check_mode")
		if !a.Failed || !strings.Contains(a.Msg, "rundock did not make") || a.Changed || len(a.Actions) > 0 || len(a.Diff) > 0 {
			t.Errorf("check of %s says %s, want it to fail as the call does", args, a.raw)
		}
		m.refuses(args, "rundock did not make")
	}
}
