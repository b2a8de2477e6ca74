package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"rundock/dnsd/store"
	"rundock/internal/await"
	"rundock/internal/registry/etcdtest"
)

// TestWithoutPrivileges runs dnsd as the role does: as a user with the one
// right to bind low ports, with the embedded store and the snapshot.
func TestWithoutPrivileges(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	const user = 65534
	folder, err := os.MkdirTemp("", "dnsd-unprivileged-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	binary, own, listen, metrics := filepath.Join(folder, "dnsd"), filepath.Join(folder, "own"), "http://"+etcdtest.Address(), etcdtest.Address()
	replace(t, binary)
	host := filepath.Join(folder, "host.json")
	content, err := os.ReadFile(hostFile(t))
	for _, step := range []error{err, os.WriteFile(host, content, 0o644), os.Mkdir(own, 0o755), os.Chown(own, user, user), os.Chmod(folder, 0o755)} {
		if step != nil {
			t.Fatal(step)
		}
	}
	dir := filepath.Join(own, "etcd")
	t.Cleanup(func() {
		if err := store.Stop(dir, patience); err != nil {
			t.Error(err)
		}
	})
	right := "-all,+net_bind_service"
	d := startCommand(t, exec.Command("setpriv", fmt.Sprint("--reuid=", user), fmt.Sprint("--regid=", user), "--clear-groups", "--no-new-privs",
		"--inh-caps="+right, "--ambient-caps="+right, "--bounding-set="+right,
		binary, "--zone=s.prod.example.com", "--listen="+etcdtest.Host().String()+":53", "--host-config="+host,
		"--embed-etcd="+dir, "--embed-etcd-listen="+listen, "--snapshot="+filepath.Join(own, "snapshot"), "--snapshot-interval=1", "--metrics="+metrics))
	status := func(pid int) string {
		t.Helper()
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	unprivileged := func(pid int) bool {
		const bind = "0000000000000400" // CAP_NET_BIND_SERVICE is 10
		return strings.Contains(status(pid), fmt.Sprintf("Uid:\t%d\t%d\t", user, user)) && strings.Contains(status(pid), "CapEff:\t"+bind) && strings.Contains(status(pid), "CapBnd:\t"+bind)
	}
	client := dial(t, listen)
	put(t, client, "web")
	await.True(t, "it answers", func() bool { return d.answers("web") })
	await.True(t, "a snapshot is written", func() bool { return metric(t, metrics, "dnsd_snapshot_bytes") != "0" })
	d.cmd.Process.Signal(syscall.SIGHUP)
	await.True(t, "it hands over", func() bool { return strings.Contains(d.said(), "handed over") })
	if !d.answers("web") {
		t.Error("after HUP it does not answer")
	}
	for what, pid := range map[string]int{"dnsd": d.cmd.Process.Pid, "the store": running(t, dir)} {
		if !unprivileged(pid) {
			t.Errorf("%s has\n%s", what, status(pid))
		}
	}
	if strings.Contains(d.said(), "level=ERROR") {
		t.Errorf("dnsd said:\n%s", d.said())
	}
}
