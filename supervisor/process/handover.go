package process

import (
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A runner or sidecar that expects a successor returns HandedOver for its exit
// code, and ends by leaveSignal, as no container does. Where runsv was told to
// stop in the meantime, the finish script does what was left. SIGHUP: its
// default action already kills a process that has no handler yet. SIGINT would
// be ignored in background jobs, which run makes of both.
const (
	HandedOver  = -1
	leaveSignal = syscall.SIGHUP
)

// ExitCode returns code, unless it is HandedOver: then the process ends by
// leaveSignal.
func ExitCode(code int) int {
	if code != HandedOver {
		return code
	}
	signal.Reset(leaveSignal)
	syscall.Kill(os.Getpid(), leaveSignal)
	time.Sleep(time.Second)
	return 0
}

// stopWithin is how long after a wish runsv sends TERM at the latest, on a machine so busy that it gets no further
// than the wish for a while. Whoever is told to leave for good by HUP alone waits for it.
const stopWithin = 500 * time.Millisecond

// NoSuccessor reports whether runsv, which supervises dir, starts no successor:
// it was told so before HUP. A TERM that may follow HUP at once, as told says by then, has come
// by the time that NoSuccessor returns.
func NoSuccessor(dir string, told func() bool) bool {
	stat, _ := os.ReadFile(filepath.Join(dir, "supervise/stat"))
	alone := strings.Contains(string(stat), "want")
	// runsv notes the wish before it sends TERM.
	for late := time.Now().Add(stopWithin); alone && !told() && time.Now().Before(late); {
		time.Sleep(5 * time.Millisecond)
	}
	return alone
}
