package hosts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/runit"
)

// ApplyLeave takes the steps of PlanLeave and returns those that were taken, in
// words. Called again after an error, it does the rest.
func ApplyLeave(p Plan) (done []string, err error) {
	for _, s := range p.Steps {
		if err := leave(s); err != nil {
			return done, fmt.Errorf("%s: %w", s.key(), err)
		}
		done = append(done, s.Says)
	}
	return done, nil
}

func leave(s Step) error {
	switch s.Kind {
	case End:
		return endService(s.Name)
	case LeaveBalancers:
		return run(hostconfig.Program, "balance", "leave")
	case LeaveFilter:
		return run(hostconfig.Program, "filter", "leave")
	case ForgetImages:
		return forgetImages(strings.Fields(s.Name))
	case StopStore:
		return run(hostconfig.DNSProgram, "store", "stop", "--dir", etcdDir)
	case Restore:
		before, err := os.ReadFile(savedResolvConf)
		if err != nil {
			return err
		}
		return putResolvConf(before)
	case Delete:
		paths := []string{s.Name}
		if s.Name == control.Dir {
			paths = statusFiles()
		}
		var err error
		for _, path := range paths {
			err = errors.Join(err, os.RemoveAll(path))
		}
		return err
	}
	return fmt.Errorf("internal error: nobody knows how to %s", s.Kind)
}

// forgetImages has Docker log in to image registries no more, nor know their authority by the
// folders of it in dockerCertificates. What others have there stays.
func forgetImages(registries []string) error {
	if exists(hostconfig.Program) { // else it was removed before, by hand
		if err := run(hostconfig.Program, append([]string{"images", "forget"}, registries...)...); err != nil {
			return err
		}
	}
	for _, name := range registries {
		folder := filepath.Join(dockerCertificates, name)
		if ofSiteAuthority(folder) {
			if err := os.Remove(filepath.Join(folder, "ca.crt")); err != nil {
				return err
			}
		}
		if err := os.Remove(folder); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTEMPTY) {
			return err
		}
	}
	return nil
}

// endService ends a service and its logger, and takes its directory away. Its log
// stays.
func endService(name string) error {
	folders, err := runit.Detect("", "")
	if err != nil {
		return err
	}
	if err := folders.Unlink(name); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	if err := runit.Exit(ctx, folders.Dir(name), nil); err != nil {
		return err
	}
	return os.RemoveAll(folders.Dir(name))
}
