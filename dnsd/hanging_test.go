package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"rundock/dnsd/store"
	"rundock/internal/await"
	"rundock/internal/registry/etcdtest"
)

// TestStore_that_hangs is told by the status, the log and the metrics, also where dnsd
// follows another store and so does not need this one.
func TestStore_that_hangs(t *testing.T) {
	dir, metrics := filepath.Join(t.TempDir(), "store"), etcdtest.Address()
	other := etcdtest.Start(t, "embedded", nil)
	t.Cleanup(func() { store.Stop(dir, patience) })
	d := start(t, following(t, other, "--metrics="+metrics, "--embed-etcd="+dir, "--embed-etcd-listen=http://"+etcdtest.Address())...)
	status := func() (string, error) { return typed("store", "status", "--dir", dir) }
	up := func(value string) func() bool {
		return func() bool {
			_, page := page(t, metrics, "/metrics")
			return strings.Contains(page, "\ndnsd_store_up "+value)
		}
	}
	await.True(t, "the store is up", up("1"))
	if out, err := status(); err != nil || !strings.Contains(out, "running, process") {
		t.Fatalf("status of a store that is well: %v: %s", err, out)
	}
	pid := running(t, dir)
	syscall.Kill(pid, syscall.SIGSTOP)
	await.True(t, "the metrics tell", up("0"))
	if out, err := status(); err == nil || !strings.Contains(out, "does not answer") {
		t.Errorf("status of a store that hangs: %v: %s", err, out)
	}
	syscall.Kill(pid, syscall.SIGCONT)
	await.True(t, "the metrics tell its end", up("1"))
	if said := d.said(); !strings.Contains(said, "store does not answer") || !strings.Contains(said, "store answers again") {
		t.Errorf("the log has\n%s", said)
	}
}

// TestStore_stop_says_where_there_is_none, as the one that was meant runs on.
func TestStore_stop_says_where_there_is_none(t *testing.T) {
	empty, foreign := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "passwd"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		empty:                         "",
		foreign:                       "no store was ever kept there",
		filepath.Join(empty, "wrong"): "no such file or directory",
	} {
		out, err := typed("store", "stop", "--dir", dir)
		if (err == nil) != (want == "") || !strings.Contains(out, want) {
			t.Errorf("stop of %s gives %v: %s; want %q", dir, err, out, want)
		}
	}
}
