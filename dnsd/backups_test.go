package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rundock/dnsd/store"
	"rundock/internal/await"
	"rundock/internal/registry/etcdtest"
)

// TestBackups_are_made has a store back itself up each second, then keeps it from that.
func TestBackups_are_made(t *testing.T) {
	dir, listen, metrics := filepath.Join(t.TempDir(), "store"), "http://"+etcdtest.Address(), etcdtest.Address()
	t.Cleanup(func() { store.Stop(dir, patience) })
	d := start(t, "--zone=s.prod.example.com", "--listen=127.0.0.1:0", "--metrics="+metrics, "--host-config="+hostFile(t), "--embed-etcd="+dir, "--embed-etcd-listen="+listen,
		"--embed-etcd-backup-interval=1", "--embed-etcd-backups=2")
	has := func(text string) func() bool {
		return func() bool { _, page := page(t, metrics, "/metrics"); return strings.Contains(page, "\n"+text) }
	}
	names := func() (all []string) {
		all, _ = filepath.Glob(filepath.Join(dir, "backup", "*.db"))
		return all
	}
	var first string
	var whole []byte
	await.True(t, "a backup is made", func() bool {
		all := names()
		if len(all) == 0 {
			return false
		}
		var err error
		first = all[0]
		whole, err = os.ReadFile(first)
		return err == nil // else it has made room for a later one already
	})
	await.True(t, "it makes room for later ones, and two are kept", func() bool {
		_, err := os.Stat(first)
		return os.IsNotExist(err) && len(names()) == 2
	})
	await.True(t, "the metrics tell when", has("dnsd_store_backup_timestamp_seconds 1."))

	await.Nil(t, "a file is in the place of the folder", func() error {
		// Between the two the store may make its folder anew.
		if err := os.Rename(filepath.Join(dir, "backup"), filepath.Join(t.TempDir(), "away")); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, "backup"), nil, 0o600)
	})
	await.True(t, "a backup that cannot be made is told", func() bool {
		return strings.Contains(d.said(), "the store has no new backup") && has("dnsd_store_backup_failures_total 1")()
	})

	for what, damage := range map[string]func([]byte) []byte{
		"":                func(b []byte) []byte { return b },
		"cut off":         func(b []byte) []byte { return b[:len(b)/2] },
		"one byte else":   func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"empty":           func([]byte) []byte { return nil },
		"something other": func([]byte) []byte { return bytes.Repeat([]byte("x"), 1000) },
	} {
		file := filepath.Join(t.TempDir(), "backup.db")
		if err := os.WriteFile(file, damage(bytes.Clone(whole)), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := typed("store", "verify", file)
		if what == "" && err != nil || what != "" && (err == nil || !strings.Contains(out, file)) {
			t.Errorf("verify of a backup that is %q gives %v: %s", what, err, out)
		}
	}
}

// TestCluster_is_restored takes a cluster back to a backup, on one host, and has the
// others be members again.
func TestCluster_is_restored(t *testing.T) {
	all := newKeepers(t, "a b c")
	all.start()
	all.aligned(t, all, "--begin", "--dir="+all[0].dir, "--empty=a,b,c")
	put := func(key string) {
		t.Helper()
		client := all.etcd(t)
		await.Nil(t, key+" is written", func() error {
			_, err := client.Put(t.Context(), key, "x")
			return err
		})
	}
	put("/kept")
	file := filepath.Join(t.TempDir(), "backup.db")
	if out, err := typed("store", "backup", "--dir", all[1].dir, file); err != nil {
		t.Fatalf("backup: %v\n%s", err, out)
	}
	put("/later")
	for _, k := range all {
		k.lose()
	}
	if out, err := typed("store", "restore", "--dir", all[0].dir, file); err != nil {
		t.Fatalf("restore: %v\n%s", err, out)
	}
	for _, k := range all[1:] {
		if err := os.Rename(filepath.Join(k.dir, "data"), filepath.Join(k.dir, "data.before")); err != nil {
			t.Fatal(err)
		}
	}
	all.start()
	all.aligned(t, all, "--empty=b,c")
	all[0].lose()
	await.Empty(t, "the others have what was backed up, and no more", func() string {
		kept, err := all[1:].etcd(t).Get(t.Context(), "/kept")
		if err != nil || kept.Count != 1 {
			return "no /kept"
		}
		if later, err := all[1:].etcd(t).Get(t.Context(), "/later"); err != nil || later.Count != 0 {
			return "/later is there"
		}
		return ""
	})
}
