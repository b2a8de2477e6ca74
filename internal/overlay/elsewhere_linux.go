package overlay

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// elsewhere runs f in a network namespace of its own, which is gone after it
// with all that f made there.
func elsewhere(f func() error) error {
	return onThreadOfItsOwn(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a network namespace to try it in: %w", err)
		}
		return f()
	})
}

// within runs f in the network namespace at path.
func within(path string, f func() error) error {
	ns, err := os.Open(path)
	if err != nil {
		return err
	}
	defer ns.Close()
	return onThreadOfItsOwn(func() error {
		if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter network namespace %s: %w", path, err)
		}
		return f()
	})
}

// onThreadOfItsOwn runs f on a thread that ends with it, and with it what f
// made of the thread.
func onThreadOfItsOwn(f func() error) error {
	failed := make(chan error)
	go func() {
		// Never unlocked, so that the thread ends with this goroutine.
		runtime.LockOSThread()
		if unix.Gettid() != unix.Getpid() {
			failed <- f()
			return
		}
		// The first thread cannot end. While it is held here, another is taken.
		failed <- onThreadOfItsOwn(f)
		runtime.UnlockOSThread()
	}()
	return <-failed
}
