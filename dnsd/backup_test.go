package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"rundock/dnsd/store"
	"rundock/internal/await"
	"rundock/internal/registry/etcdtest"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// typed runs dnsd to its end, and returns what it printed.
func typed(args ...string) (string, error) {
	out, said, err := typedApart(args...)
	return out + said, err
}

// typedApart is typed with what went to standard error apart.
func typedApart(args ...string) (out, said string, err error) {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), "DNSD_TEST_IS_DNSD=1", "DNSD_SNAPSHOT=")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	printed, err := cmd.Output()
	return string(printed), stderr.String(), err
}

// TestBackup takes a store back to a backup while a dnsd watches it.
func TestBackup(t *testing.T) {
	dir, listen := filepath.Join(t.TempDir(), "store"), "http://"+etcdtest.Address()
	file := filepath.Join(t.TempDir(), "backup.db")
	keep := start(t, "--zone=s.prod.example.com", "--listen=127.0.0.1:0", "--metrics=", "--host-config="+hostFile(t), "--embed-etcd="+dir, "--embed-etcd-listen="+listen)
	watcher := start(t, "--zone=s.prod.example.com", "--listen=127.0.0.1:0", "--metrics=", "--host-config="+hostFile(t), "--etcd="+listen)
	t.Cleanup(func() {
		keep.cmd.Process.Kill()
		keep.cmd.Process.Wait()
		if err := store.Stop(dir, patience); err != nil {
			t.Error(err)
		}
	})
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{listen}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	put := func(name string) {
		t.Helper()
		await.Nil(t, name+" is written", func() error {
			_, err := client.Put(t.Context(), "/skydns/com/example/prod/s/"+name+"/a", `{"host":"10.1.0.1"}`)
			return err
		})
		await.True(t, name+" is answered", func() bool { return len(watcher.addresses(name+".s.prod.example.com.")) == 1 })
	}

	put("kept")
	if out, err := typed("store", "backup", "--dir", dir, file); err != nil {
		t.Fatalf("backup: %v\n%s", err, out)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the backup = %v, %v, want 0600", info.Mode(), err)
	}
	put("later")

	// A store that is killed in the middle ends the backup; or another one is there first, whose records are in it.
	hangs := running(t, dir)
	if err := syscall.Kill(hangs, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.db")
	type end struct {
		out string
		err error
	}
	ended := make(chan end, 1)
	go func() {
		out, err := typed("store", "backup", "--dir", dir, cut)
		ended <- end{out, err}
	}()
	await.Nil(t, "the backup begins", func() error { _, err := os.Stat(cut + ".new.part"); return err })
	if err := syscall.Kill(hangs, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	left := []string{}
	if e := <-ended; e.err == nil {
		left = append(left, cut)
		if err := store.CheckBackup(cut); err != nil {
			t.Errorf("a backup that is said to be made: %v", err)
		}
	} else if !strings.Contains(e.out, fmt.Sprintf("the store's process %d has ended", hangs)) {
		t.Errorf("backup of a store that is killed says:\n%s", e.out)
	}
	if found, err := filepath.Glob(cut + "*"); err != nil || !slices.Equal(found, left) {
		t.Errorf("backup of a store that is killed leaves %q, %v; want %q", found, err, left)
	}
	put("after")
	was := member(t, dir)

	if out, err := typed("store", "restore", "--dir", dir, file); err == nil || !strings.Contains(out, "a store is running already: stop it first") {
		t.Errorf("restore of a running store gives %v:\n%s", err, out)
	}
	keep.cmd.Process.Signal(syscall.SIGTERM)
	if err := keep.ended(t); err != nil {
		t.Error(err)
	}
	if err := store.Stop(dir, patience); err != nil {
		t.Fatal(err)
	}

	broken := filepath.Join(t.TempDir(), "broken.db")
	if err := os.WriteFile(broken, []byte("no snapshot"), 0o600); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	short := filepath.Join(t.TempDir(), "short.db")
	if err := os.WriteFile(short, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(t.TempDir(), "fresh")
	for bad, want := range map[string]string{broken: " is no snapshot of etcd", short: " is damaged, or no snapshot of etcd", filepath.Join(t.TempDir(), "missing.db"): ": no such file"} {
		for _, dir := range []string{dir, fresh} {
			if out, err := typed("store", "restore", "--dir", dir, bad); err == nil || !strings.Contains(out, bad+want) {
				t.Errorf("restore from %s gives %v:\n%s", bad, err, out)
			}
		}
		if _, err := os.Stat(fresh); !os.IsNotExist(err) {
			t.Errorf("a restore from %s that failed made the store's folder: %v", bad, err)
		}
		if found, err := filepath.Glob(dir + "/data*"); err != nil || len(found) != 1 {
			t.Errorf("after a restore from %s there are %v, %v, want the data alone", bad, found, err)
		}
	}
	if out, err := typed("store", "backup", "--dir", dir, file); err == nil || !strings.Contains(out, "it is not running") {
		t.Errorf("backup of a stopped store gives %v:\n%s", err, out)
	}

	out, err := typed("store", "restore", "--dir", dir, file)
	if err != nil {
		t.Fatalf("restore: %v\n%s", err, out)
	}
	if aside, err := filepath.Glob(dir + "/data.before-*"); err != nil || len(aside) != 1 || !strings.Contains(out, aside[0]) {
		t.Errorf("the data of before are in %v, %v; restore says:\n%s", aside, err, out)
	}
	keep = start(t, "--zone=s.prod.example.com", "--listen=127.0.0.1:0", "--metrics=", "--host-config="+hostFile(t), "--embed-etcd="+dir, "--embed-etcd-listen="+listen)
	await.True(t, "what came after the backup is gone for who watched on", func() bool {
		return watcher.addresses("later.s.prod.example.com.") == nil
	})
	if got := watcher.addresses("kept.s.prod.example.com."); len(got) != 1 {
		t.Errorf("what was in the backup is answered as %v", got)
	}
	put("new")
	if is := member(t, dir); strings.Fields(is)[0] == strings.Fields(was)[0] || strings.Fields(is)[1] == strings.Fields(was)[1] {
		t.Errorf("the restored store is member %s, and was %s: want neither its cluster nor its member", is, was)
	}
}

// member is what the folder of a store says of its data.
func member(t *testing.T, dir string) string {
	t.Helper()
	note, err := os.ReadFile(filepath.Join(dir, "member"))
	if err != nil {
		t.Fatal(err)
	}
	return string(note)
}
