package main

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"rundock/modules/rundock/look"
)

// Void has no /etc/service: runsvdir scans /var/service, a link over /run to
// /etc/runit/runsvdir/current, which is a link to default.
//
// Source: https://docs.voidlinux.org/config/services/
func TestVoidsFolders(t *testing.T) {
	m := onHost(t)
	must(t, os.Rename("/etc/service", "/etc/service.debian"))
	t.Cleanup(func() { must(t, os.Rename("/etc/service.debian", "/etc/service")) })
	must(t, os.MkdirAll("/etc/runit", 0o755))
	must(t, syscall.Mount("tmpfs", "/etc/runit", "tmpfs", 0, ""))
	t.Cleanup(func() { must(t, syscall.Unmount("/etc/runit", syscall.MNT_DETACH)) })
	const enabled = "/etc/runit/runsvdir/default/docker-void"
	for _, d := range []string{"/etc/runit/runsvdir/default", "/run/runit/runsvdir"} {
		must(t, os.MkdirAll(d, 0o755))
	}
	for link, to := range map[string]string{
		"/etc/runit/runsvdir/current": "default", "/run/runit/runsvdir/current": "/etc/runit/runsvdir/current", "/var/service": "/run/runit/runsvdir/current",
	} {
		must(t, os.Symlink(to, link))
		t.Cleanup(func() { os.Remove(link) })
	}
	runsvdir := exec.Command("runsvdir", "-P", "/var/service", "log: "+strings.Repeat(".", 300))
	must(t, runsvdir.Start())
	t.Cleanup(func() { runsvdir.Process.Signal(syscall.SIGTERM); runsvdir.Wait() })

	const call = "state=enabled name=void image=app:1 announce=80"
	a := m.apply(call)
	m.wantActions(a, "installed", "enabled")
	if to, err := os.Readlink(enabled); err != nil || to != "/etc/sv/docker-void" {
		t.Errorf("the link in runsvdir's folder is to %q, %v; want /etc/sv/docker-void", to, err)
	}
	m.wantEvents("void", "container 1 started", "announced port 80")
	m.wantActions(m.apply(call+" args='-e A=1'"), "files updated", "container replaced")
	m.wantEvents("void", "container 1 stopped", "container 2 started")
	sv(t, "stop", "/var/service/docker-void")
	m.wantEvents("void", "withdrawn", "container 2 stopped")
	m.apply(call + " args='-e A=1'")
	m.wantEvents("void", "container 3 started", "announced port 80")

	m.wantDiff(m.apply("state=disabled name=void"), "void", "/var/service/docker-void")
	m.wantEvents("void", "withdrawn", "container 3 stopped")
	if look.Exists(enabled) {
		t.Error("the link is still there")
	}
	must(t, os.Symlink("/etc/sv/docker-void", "/var/service/.docker-void"))
	if a := m.call(call); a.Failed || len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "/var/service/.docker-void") {
		t.Errorf("enabled under a hidden link: %s", a.raw)
	}
	m.wantEvents("void")
	m.apply("state=absent name=void")
}
