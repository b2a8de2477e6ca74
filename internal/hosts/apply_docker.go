package hosts

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"rundock/internal/module"
)

// validateDocker has dockerd judge daemon.json, where there is one that can:
// Docker 23 and later.
const validateDocker = `case "$(dockerd --help 2>/dev/null)" in *--validate*) dockerd --validate --config-file %s ;; esac`

// reloadDocker has dockerd read what of daemon.json it can without a restart.
// live-restore is among it, so that a restart that follows stops no container.
func reloadDocker() error {
	pid := dockerd()
	if pid == 0 {
		return nil // it has ended, and reads all of it when it starts
	}
	if err := syscall.Kill(pid, syscall.SIGHUP); err != nil {
		return fmt.Errorf("have dockerd, process %d, read daemon.json: %w", pid, err)
	}
	return nil
}

// startDocker has init run dockerd, now and at boot.
func startDocker(restart bool) error {
	verb := module.Choose(restart, "restart", "start")
	if withSystemd() {
		return errors.Join(boot("docker"), run("systemctl", verb, "docker"))
	}
	if err := errors.Join(boot("docker"), run("service", "docker", verb)); err != nil {
		return err
	}
	// An init script returns before dockerd has written its number.
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if dockerd() != 0 {
			return nil
		}
	}
	return errors.New("service docker " + verb + ": no dockerd runs after it; its log is /var/log/docker.log")
}
