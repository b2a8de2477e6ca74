package main

import (
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// handedOver is no exit code: a runner or sidecar that expects a successor ends
// by leaveSignal, unlike any container. Where runsv was told to stop in the
// meantime, the finish script does what was left. It is HUP, of which one dies
// as well that is told to hand over before it can listen; INT is ignored by all
// that a shell starts in the background, as run does with both.
const (
	handedOver  = -1
	leaveSignal = syscall.SIGHUP
)

// ended returns code, unless it is handedOver.
func ended(code int) int {
	if code != handedOver {
		return code
	}
	signal.Reset(leaveSignal)
	syscall.Kill(os.Getpid(), leaveSignal)
	time.Sleep(time.Second)
	return 0
}

// leftAlone reports whether runsv, which supervises dir, starts no successor.
// Who wants what is handed over left alone tells it so, before HUP; a TERM that
// may follow on HUP's heels has come by then.
func leftAlone(dir string) bool {
	stat, _ := os.ReadFile(filepath.Join(dir, "supervise/stat"))
	alone := strings.Contains(string(stat), "want")
	if alone {
		time.Sleep(20 * time.Millisecond) // runsv notes the wish before it sends TERM
	}
	return alone
}
