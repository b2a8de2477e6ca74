package overlay

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// elsewhere runs f in a network namespace of its own, which is gone after it
// with all that f made there.
func elsewhere(f func() error) error {
	failed := make(chan error)
	go func() {
		// Never unlocked, so that the thread ends with this goroutine, and the
		// namespace with the thread.
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			failed <- fmt.Errorf("make a network namespace to try it in: %w", err)
			return
		}
		failed <- f()
	}()
	return <-failed
}
