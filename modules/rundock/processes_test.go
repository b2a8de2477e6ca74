package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"rundock/internal/await"
	"rundock/internal/runit"
	"rundock/modules/rundock/params"
)

// Somebody deletes a service directory, or a part of it, under the processes
// that run there: neither sv nor runsvdir reaches them any more.
func TestDeletedServiceDirectory(t *testing.T) {
	const dir = "/etc/sv/docker-gone"
	for _, c := range []struct {
		name, args string
		deletes    string
		actions    []string // of state=enabled
	}{
		{"of a container", "", "", []string{"installed", "supervised"}},
		{"of a container with its sidecar", " announce=80", "", []string{"installed", "supervised"}},
		{"its supervise folder alone", "", "/supervise", []string{"supervised"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := onHost(t)
			call := "state=enabled name=gone image=app:1" + c.args
			nobodyLeft := func(after string) {
				t.Helper()
				for _, p := range runit.Deserted(dir) {
					t.Errorf("after %s, process %d (%s) still runs in the deleted %s", after, p.PID, p.Name, p.Dir)
				}
			}
			m.apply(call)
			m.events("gone")
			must(t, os.RemoveAll(dir+c.deletes))
			a := m.call(call)
			if a.Failed {
				t.Fatalf("enabled does not heal it: %s", a.Msg)
			}
			m.wantActions(a, c.actions...)
			nobodyLeft("enabled")
			for _, e := range m.events("gone") {
				if strings.Contains(e, "stopped") || strings.Contains(e, "withdrawn") {
					t.Errorf("healing it costs %s", e)
				}
			}
			m.wantActions(m.apply(call))

			for state, actions := range map[string][]string{"disabled": {"disabled", "stopped"}, "absent": {"disabled", "removed"}} {
				m.apply(call)
				m.events("gone")
				must(t, os.RemoveAll(dir+c.deletes))
				a := m.call("state=" + state + " name=gone")
				if a.Failed {
					t.Errorf("%s fails: %s", state, a.Msg)
				}
				m.wantActions(a, actions...)
				nobodyLeft(state)
				if !slices.ContainsFunc(m.events("gone"), func(e string) bool {
					return strings.HasSuffix(e, "stopped") || strings.HasSuffix(e, "removed")
				}) {
					t.Errorf("%s leaves the container", state)
				}
			}
		})
	}
}

// What its runner says of a service in /run/rundock is written again when
// somebody took it away, and no container is made anew for that.
func TestDeletedStatus(t *testing.T) {
	m := onHost(t)
	for _, args := range []string{"", " announce=80 wait=announced"} {
		call := "state=enabled name=dumb image=app:1 args='-p $PRIVATE_IP:80:80'" + args
		m.apply(call)
		m.events("dumb")
		// Its sidecar writes meanwhile.
		await.Nil(t, "the status is deleted", func() error { return os.RemoveAll("/run/rundock/dumb") })
		a := m.call(call + " wait_timeout=10")
		if a.Failed || !slices.Contains(a.Actions, "runner handed over") {
			t.Errorf("without its status: %s, want its runner to hand over", a.raw)
		}
		for _, e := range m.events("dumb") {
			if strings.Contains(e, "stopped") {
				t.Errorf("it costs %s", e)
			}
		}
		m.wantActions(m.apply(call))
	}
	m.apply("state=absent name=dumb")
}

// A logger whose disk is full cannot write what is left, and waits for room: it
// keeps no service from being stopped.
func TestFullLogDisk(t *testing.T) {
	m := onHost(t)
	for _, c := range []struct{ args, folder, runner string }{
		{"", "/etc/sv/docker-full/log", "/etc/sv/docker-full"},
		{" announce=80", "/etc/sv/docker-full/services/service/log", "/etc/sv/docker-full/services/service"},
	} {
		for _, state := range []string{"disabled", "absent"} {
			const logs = "/var/log/docker-full"
			must(t, os.MkdirAll(logs, 0o755))
			must(t, syscall.Mount("tmpfs", logs, "tmpfs", 0, "size=64k"))
			m.apply("state=enabled name=full image=app:1" + c.args)
			fill, err := os.Create(logs + "/fill")
			must(t, err)
			for block := make([]byte, 4096); err == nil; {
				_, err = fill.Write(block)
			}
			fill.Close()
			pid := supervised(t, c.runner)
			out, err := os.OpenFile(filepath.Join("/proc", strconv.Itoa(pid), "fd/1"), os.O_WRONLY, 0)
			must(t, err)
			for range 100 {
				_, err := out.WriteString(strings.Repeat("a line that finds no room ", 20) + "\n")
				must(t, err)
			}
			out.Close()
			logger := supervised(t, c.folder)
			r := newTask(t, params.Params{Name: "full", State: state, WaitTimeout: 30}).Run()
			if r.Err != nil {
				t.Errorf("%s%s fails: %v", state, c.args, r.Err)
			}
			if !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, "could not write what was left, as on a full disk") }) {
				t.Errorf("%s%s warns %q, want it to tell of the logger", state, c.args, r.Warnings)
			}
			if syscall.Kill(logger, 0) == nil {
				t.Errorf("%s%s leaves the logger, process %d", state, c.args, logger)
			}
			must(t, syscall.Unmount(logs, syscall.MNT_DETACH))
		}
	}
	m.apply("state=absent name=full")
}

// TestAStoppedProcessIsContinued: what a STOP holds up does nothing, whatever
// its status says.
func TestAStoppedProcessIsContinued(t *testing.T) {
	m := onHost(t)
	const args = "state=enabled name=still announce=80 wait=announced image=app:1"
	m.apply(args)
	for _, half := range []struct{ dir, action string }{
		{"/etc/sv/docker-still/services/announce", "announcer continued"},
		{"/etc/sv/docker-still/services/service", "runner continued"},
		{"/etc/sv/docker-still", "continued"},
	} {
		s, err := runit.ReadStatus(half.dir)
		must(t, err)
		must(t, exec.Command("kill", "-STOP", strconv.Itoa(s.PID)).Run())
		await.True(t, "it is stopped", func() bool {
			s, err := runit.ReadStatus(half.dir)
			return err == nil && s.Paused
		})
		m.wantActions(m.apply(args), half.action)
	}
	m.apply("state=absent name=still")
}
