package process

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// A TERM that follows on HUP's heels is waited for, however late runsv comes to send it: who takes it for none
// leaves records behind that nobody withdraws.
func TestNoSuccessor_waits_for_TERM(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "supervise"), 0o755); err != nil {
		t.Fatal(err)
	}
	stat := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "supervise/stat"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	never := func() bool { return false }
	stat("run\n")
	if NoSuccessor(dir, never) {
		t.Error("NoSuccessor, where runsv is told nothing")
	}
	stat("run, want down\n")
	if !NoSuccessor(dir, never) { // told to leave for good by HUP alone
		t.Error("a successor is awaited that runsv does not start")
	}
	var told atomic.Bool
	time.AfterFunc(100*time.Millisecond, func() { told.Store(true) })
	if !NoSuccessor(dir, told.Load) || !told.Load() {
		t.Error("NoSuccessor returns before TERM has come")
	}
}
