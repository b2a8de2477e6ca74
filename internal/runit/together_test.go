package runit

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Who has linked its service waits for those who are about to, and for nobody else.
func TestTogether(t *testing.T) {
	defer func(before time.Duration) { longest = before }(longest)
	longest = time.Hour
	var all Together
	first, second, third := all.Join(), all.Join(), all.Join()
	first.Leave()
	woken := make(chan struct{})
	go func() { first.await(); close(woken) }()
	second.Leave()
	second.Leave()
	select {
	case <-woken:
		t.Fatal("the first one waits no longer, and the third one has not linked")
	case <-time.After(50 * time.Millisecond):
	}
	third.Leave()
	<-woken
	fourth := all.Join()
	fourth.Leave()
	fourth.await()
	var alone *Together
	alone.Join().Leave()
	alone.Join().await()
}

// Services that are enabled at the same time come up, each of them, also where one never is.
func TestEnableBeside(t *testing.T) {
	f := supervisor(t, "log: "+strings.Repeat(".", 100))
	var all Together
	never := all.Join()
	var running sync.WaitGroup
	for _, name := range []string{"a", "b", "c"} {
		f.service(t, name, "exec sleep 1000\n")
		party := all.Join()
		running.Go(func() {
			if err := f.EnableBeside(patience(t), name, party); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	never.Leave()
}

// The time that Age gives a folder is another one each time, and before this very second, for which
// runsvdir would wait.
func TestAge(t *testing.T) {
	folder := t.TempDir()
	seen := map[int64]bool{}
	for range 20 {
		if err := Age(folder); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(folder)
		if err != nil {
			t.Fatal(err)
		}
		at := info.ModTime()
		if seen[at.Unix()] || time.Since(at) < time.Minute {
			t.Fatalf("Age gives %s, want a time that is long ago and was not there before", at)
		}
		seen[at.Unix()] = true
	}
	if err := Age(filepath.Join(folder, "none")); err == nil {
		t.Error("Age of no folder is no error")
	}
}
