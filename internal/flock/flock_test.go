package flock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"rundock/internal/await"
)

func open(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestTryLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made", "lock")
	first, second := open(t, path), open(t, path)
	try := func(f *os.File, want bool, when string) {
		t.Helper()
		if ok, err := TryLock(f); ok != want || err != nil {
			t.Errorf("%s TryLock = %v, %v; want %v", when, ok, err, want)
		}
	}
	try(first, true, "on a free file")
	try(second, false, "on a locked file")
	first.Close()
	try(second, true, "after the other closed it")
}

func TestLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	holder := open(t, path)
	if err := Lock(holder); err != nil {
		t.Fatal(err)
	}
	asked := open(t, path)
	if locked, err := Locked(asked); !locked || err != nil {
		t.Errorf("Locked = %v, %v; want true while it is", locked, err)
	}
	holder.Close()
	for _, f := range []*os.File{asked, open(t, path)} {
		if locked, err := Locked(f); locked || err != nil {
			t.Errorf("Locked = %v, %v; want false for each who asks when it is free", locked, err)
		}
	}
	if ok, _ := TryLock(open(t, path)); ok {
		t.Error("TryLock took a file from somebody who was told that it is free")
	}
}

func TestLock_waits_for_a_folder(t *testing.T) {
	dir := t.TempDir()
	folder := func() *os.File {
		f, err := os.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	first, second := folder(), folder()
	if err := Lock(first); err != nil {
		t.Fatal(err)
	}
	locked := make(chan error, 1)
	go func() { locked <- Lock(second) }()
	waits := regexp.MustCompile(fmt.Sprintf(`-> FLOCK .* %d `, os.Getpid()))
	await.True(t, "the kernel has somebody wait for the folder", func() bool {
		all, _ := os.ReadFile("/proc/locks")
		return waits.Match(all)
	})
	select {
	case err := <-locked:
		t.Fatalf("Lock returned %v while another had the folder", err)
	default:
	}
	first.Close()
	if err := <-locked; err != nil {
		t.Error(err)
	}
}

func TestErrors_name_the_file(t *testing.T) {
	if _, err := Open("/dev/null/lock"); err == nil {
		t.Error("Open made a file under /dev/null")
	}
	f := open(t, filepath.Join(t.TempDir(), "lock"))
	f.Close()
	var path *fs.PathError
	if ok, err := TryLock(f); ok || err == nil || errors.As(err, &path) {
		t.Errorf("TryLock of a closed file = %v, %v", ok, err)
	}
}
