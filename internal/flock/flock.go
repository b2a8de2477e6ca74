// Package flock locks files by flock(2). The kernel drops a lock when its file
// is closed, so also with the process that has it; the file stays. A call that
// a signal interrupts is begun again.
package flock

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Open opens the file of a lock, and makes it, with its folder, where it is
// missing. Nothing is locked yet.
func Open(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
}

// Lock waits until nobody else has f, which may be a folder, and takes it.
func Lock(f *os.File) error {
	_, err := flock(f, syscall.LOCK_EX)
	return err
}

// TryLock takes f unless somebody else has it: then it returns false.
func TryLock(f *os.File) (bool, error) {
	return flock(f, syscall.LOCK_EX|syscall.LOCK_NB)
}

// Locked returns true while somebody else has f. Otherwise f is locked against
// TryLock and Lock, though not against others who ask, until it is closed.
func Locked(f *os.File) (bool, error) {
	free, err := flock(f, syscall.LOCK_SH|syscall.LOCK_NB)
	return !free && err == nil, err
}

func flock(f *os.File, how int) (bool, error) {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		default:
			return false, fmt.Errorf("lock %s: %w", f.Name(), err)
		}
	}
}
