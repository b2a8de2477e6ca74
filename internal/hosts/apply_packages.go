package hosts

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"

	"rundock/internal/fstree"
)

const (
	aptLists    = "/var/lib/apt/lists"
	aptStamp    = "/var/lib/apt/periodic/update-success-stamp"
	aptCurrent  = time.Hour // lists of that age are taken as they are
	policyRCD   = "/usr/sbin/policy-rc.d"
	startNobody = "#!/bin/sh\nexit 101\n"
)

// install has apt install packages; those that are quiet without starting their
// services.
func install(packages, quiet []string) error {
	current := listsAge() < aptCurrent
	if !current {
		if err := apt("update"); err != nil {
			return err
		}
	}
	err := installBy(packages, quiet)
	if err == nil || !current {
		return err
	}
	// Lists that were read within the hour are of other sources, or not whole.
	if e := apt("update"); e != nil {
		return errors.Join(err, e)
	}
	return installBy(packages, quiet)
}

func installBy(packages, quiet []string) error {
	var loud, silent []string
	for _, p := range packages {
		if slices.Contains(quiet, p) {
			silent = append(silent, p)
		} else {
			loud = append(loud, p)
		}
	}
	if len(loud) > 0 {
		if err := apt(append([]string{"--no-install-recommends", "install"}, loud...)...); err != nil {
			return err
		}
	}
	if len(silent) == 0 {
		return nil
	}
	return withoutStarting(func() error {
		return apt(append([]string{"--no-install-recommends", "install"}, silent...)...)
	})
}

// listsAge is the time since apt's lists were read.
func listsAge() time.Duration {
	age := 100 * 24 * time.Hour
	for _, path := range []string{aptLists, aptStamp} {
		if info, err := os.Stat(path); err == nil {
			age = min(age, time.Since(info.ModTime()))
		}
	}
	return age
}

// apt runs apt-get. What an administrator has made of a package's configuration
// stays; another apt at work is waited for.
func apt(args ...string) error {
	options := []string{"-y", "-q", "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold", "-o", "DPkg::Lock::Timeout=120"}
	return runWith([]string{"DEBIAN_FRONTEND=noninteractive", "DEBIAN_PRIORITY=critical", "LC_ALL=C.UTF-8"}, "apt-get", append(options, args...)...)
}

// withoutStarting calls install while policy-rc.d keeps packages from starting
// services. One that an administrator has comes back.
func withoutStarting(install func() error) (err error) {
	before, err := os.ReadFile(policyRCD)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	there := err == nil
	if err := fstree.Publish(policyRCD, 0o755, []byte(startNobody)); err != nil {
		return err
	}
	defer func() {
		if there {
			err = errors.Join(err, fstree.Publish(policyRCD, 0o755, before))
		} else {
			err = errors.Join(err, os.Remove(policyRCD))
		}
	}()
	return install()
}
