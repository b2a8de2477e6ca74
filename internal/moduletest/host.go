// Package moduletest is what the tests of all modules ask: a host of their
// own, documentation that says what the module reads, and a budget.
//
// Only tests use it.
package moduletest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// Main is a TestMain. As root, the tests run in mount and process namespaces
// of their own, whose /etc, /run, /usr/local/bin, /var/lib and /var/log are
// copies: the module and runit work at their real paths, and nothing of it
// stays. further are flags of unshare(1).
func Main(m *testing.M, further ...string) {
	const scratch = "RUNDOCK_TEST_SCRATCH"
	if dir := os.Getenv(scratch); dir != "" {
		if err := enter(dir); err != nil {
			WhyNoHost = err.Error()
		} else {
			InHost = true
		}
		os.Exit(m.Run())
	}
	if os.Geteuid() != 0 {
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "rundock-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	arguments := append([]string{"--mount", "--pid", "--fork", "--kill-child", "--mount-proc"}, further...)
	cmd := exec.Command("unshare", append(arguments, os.Args...)...)
	cmd.Env = append(os.Environ(), scratch+"="+dir)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = cmd.Run()
	os.Remove(dir)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		WhyNoHost = err.Error()
		os.Exit(m.Run())
	}
}

// InHost says that this process is in namespaces of its own; otherwise
// WhyNoHost says why not.
var (
	InHost    bool
	WhyNoHost = "only root can make one"
)

func enter(scratch string) error {
	if err := syscall.Mount("tmpfs", scratch, "tmpfs", 0, ""); err != nil {
		return err
	}
	for _, d := range []string{"/etc", "/var/lib"} {
		upper, work := filepath.Join(scratch, d, "upper"), filepath.Join(scratch, d, "work")
		if err := errors.Join(os.MkdirAll(upper, 0o755), os.MkdirAll(work, 0o755)); err != nil {
			return err
		}
		options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", d, upper, work)
		if err := syscall.Mount("overlay", d, "overlay", 0, options); err != nil {
			return fmt.Errorf("overlay on %s: %w", d, err)
		}
	}
	for _, d := range []string{"/run", "/usr/local/bin", "/var/log"} {
		if err := syscall.Mount("tmpfs", d, "tmpfs", 0, ""); err != nil {
			return fmt.Errorf("tmpfs on %s: %w", d, err)
		}
	}
	return nil
}
