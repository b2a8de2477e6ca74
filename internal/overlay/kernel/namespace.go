package kernel

import (
	"fmt"
	"os"

	"rundock/internal/thread"

	"golang.org/x/sys/unix"
)

// inNewNamespace runs f in a network namespace of its own, which is gone after it
// with all that f made there.
func inNewNamespace(f func() error) error {
	return thread.Own(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a network namespace to try it in: %w", err)
		}
		return f()
	})
}

// inNamespace runs f in the network namespace at path.
func inNamespace(path string, f func() error) error {
	ns, err := os.Open(path)
	if err != nil {
		return err
	}
	defer ns.Close()
	return thread.Own(func() error {
		if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter network namespace %s: %w", path, err)
		}
		return f()
	})
}
