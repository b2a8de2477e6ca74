package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// errRunning is why a second store does not start.
var errRunning = errors.New("a store is running already")

// lock takes the folder for this process until it ends. A POSIX lock goes
// with the process however it dies, and names its holder.
func lock(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("store folder %s: %w", dir, err)
	}
	// f stays open: closing any descriptor of the file would drop the lock.
	err = unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
		return fmt.Errorf("store folder %s: %w", dir, errRunning)
	}
	if err != nil {
		return fmt.Errorf("store folder %s: lock: %w", dir, err)
	}
	held = f
	return nil
}

var held *os.File // keeps the lock's descriptor from being collected

// Running returns the process id of the store in dir, 0 when none runs.
func Running(dir string) (pid int, err error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("store folder %s: %w", dir, err)
	}
	defer f.Close()
	at := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &at); err != nil {
		return 0, fmt.Errorf("store folder %s: lock: %w", dir, err)
	}
	if at.Type == unix.F_UNLCK {
		return 0, nil
	}
	return int(at.Pid), nil
}

// runsWith says whether process pid was started with args, whatever its data
// were made of.
func runsWith(pid int, args []string) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(strings.TrimSuffix(string(line), "\x00"), "\x00")
	rest, _, _ = strings.Cut(rest, "\x00--begin\x00")
	rest, _, _ = strings.Cut(rest, "\x00--join\x00")
	return rest == strings.Join(args, "\x00")
}

// Stop ends the store in dir and waits until it is gone; within timeout it
// may finish what it does. Without a running store it does nothing; a dir that is no store's is
// an error, as the store that was meant runs on.
func Stop(dir string, timeout time.Duration) error {
	pid, err := Running(dir)
	if err == nil && pid == 0 {
		err = checkOurs(dir)
	}
	if err != nil || pid == 0 {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("store %s: stop process %d: %w", dir, pid, err)
	}
	for deadline := time.Now().Add(timeout); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if now, err := Running(dir); err != nil || now != pid {
			return err
		}
	}
	return fmt.Errorf("store %s: process %d did not end within %s", dir, pid, timeout)
}

// checkOurs returns an error where dir is not there, or holds nothing of a store's but other things.
func checkOurs(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("store folder %s: %w", dir, err)
	}
	ours := func(e os.DirEntry) bool {
		name, _, _ := strings.Cut(e.Name(), ".")
		return slices.Contains([]string{"lock", "data", "etcd", "version", "member", "backup", "begin"}, name)
	}
	if len(entries) > 0 && !slices.ContainsFunc(entries, ours) {
		return fmt.Errorf("store folder %s: no store was ever kept there", dir)
	}
	return nil
}
