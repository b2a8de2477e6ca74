package hosts

import (
	"errors"
	"os"
	"path/filepath"

	"rundock/internal/runit"
)

// withSystemd reports whether systemd is the host's init.
func withSystemd() bool {
	_, err := os.Stat("/run/systemd/system")
	return err == nil
}

// booted reports whether init starts a service at boot.
func booted(name string) bool {
	links := "/etc/rc[2-5].d/S??" + name
	if withSystemd() {
		links = "/etc/systemd/system/*.wants/" + name + ".service"
	}
	found, _ := filepath.Glob(links)
	return len(found) > 0
}

// knownToInit reports whether init could start a service.
func knownToInit(name string) bool {
	if withSystemd() {
		return true // which has units in many folders
	}
	_, err := os.Stat("/etc/init.d/" + name)
	return err == nil
}

// lookUnbooted finds the services of init that are to be runit's: those that are
// started at boot, and those that init has started.
func lookUnbooted(want Wanted, folders runit.Folders, have *Have) error {
	have.Booted, have.Outside = map[string]bool{}, map[string]bool{}
	for _, name := range want.Unbooted {
		have.Booted[name] = booted(name)
		up, err := runit.Supervised(folders.Dir(name))
		if err != nil {
			return err
		}
		_, err = os.Stat("/run/" + name + ".pid")
		have.Outside[name] = err == nil && !up
	}
	return nil
}

// boot has init start a service at boot.
func boot(name string) error {
	if withSystemd() {
		return run("systemctl", "enable", name)
	}
	if booted(name) {
		return nil
	}
	return errors.Join(run("update-rc.d", name, "defaults"), run("update-rc.d", name, "enable"))
}

// unboot has init start a service no more, and stop one that runs.
func unboot(name string, runs bool) error {
	if withSystemd() {
		return run("systemctl", "disable", "--now", name)
	}
	if !knownToInit(name) {
		return nil
	}
	if runs {
		if err := run("service", name, "stop"); err != nil {
			return err
		}
	}
	return run("update-rc.d", name, "disable")
}
