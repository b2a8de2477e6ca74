// Package thread runs what changes the thread that it runs on, such as by
// entering another namespace.
package thread

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// Own runs f on a thread that ends with it, and with it what f made of the
// thread. The error is f's.
func Own(f func() error) error {
	failed := make(chan error)
	go func() {
		// Never unlocked, so that the thread ends with this goroutine.
		runtime.LockOSThread()
		if unix.Gettid() != unix.Getpid() {
			failed <- f()
			return
		}
		// The first thread cannot end. While it is held here, another is taken.
		failed <- Own(f)
		runtime.UnlockOSThread()
	}()
	return <-failed
}
