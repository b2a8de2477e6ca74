package runit

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestStatus_tells_of_a_stop_by_others(t *testing.T) {
	f := supervisor(t)
	f.service(t, "still", "exec sleep 1000")
	if err := f.Enable(patience(t), "still"); err != nil {
		t.Fatal(err)
	}
	paused := func(want bool) func() (bool, error) {
		return func() (bool, error) {
			s, err := ReadStatus(f.Dir("still"))
			return err == nil && s.PID != 0 && s.Paused == want, nil
		}
	}
	if err := until(patience(t), "it does not run", paused(false)); err != nil {
		t.Fatal(err)
	}
	s, err := ReadStatus(f.Dir("still"))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(s.PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := until(patience(t), "a process that got a STOP does not count as paused", paused(true)); err != nil {
		t.Error(err)
	}
	if err := Control(f.Dir("still"), "c"); err != nil {
		t.Fatal(err)
	}
	if err := until(patience(t), "a process that was continued counts as paused", paused(false)); err != nil {
		t.Error(err)
	}
}

func TestEnable_a_link_behind_which_runsvdir_found_nothing(t *testing.T) {
	complaints := filepath.Join(t.TempDir(), "stderr")
	stderr, err := os.Create(complaints)
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	f := supervisorTelling(t, stderr)
	if err := os.Symlink(f.Dir("back"), f.Link("back")); err != nil {
		t.Fatal(err)
	}
	// Twice, so that it does not look once more for a change that it has seen.
	for second := range 2 {
		told, _ := os.ReadFile(complaints)
		at := time.Unix(int64(1000+second), 0)
		if err := os.Chtimes(f.Service, at, at); err != nil {
			t.Fatal(err)
		}
		err := until(patience(t), "runsvdir does not look", func() (bool, error) {
			now, err := os.ReadFile(complaints)
			return len(now) > len(told), err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	f.service(t, "back", "exec sleep 1000")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // the module's
	defer cancel()
	if err := f.Enable(ctx, "back"); err != nil {
		t.Error(err)
	}
}
