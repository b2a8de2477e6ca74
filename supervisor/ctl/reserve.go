package ctl

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/flock"
)

// reserve notes that service is about to take these ports of the host, or
// returns an error that names the service which is being installed on one of
// them. Ports that are bound are no concern of it: between the check of a port
// and the start of a container on it there is time for another call.
//
// The note is in the lock file of the service (control.LockFile), and is
// believed for as long as the call that holds the lock is at work. dir is
// control.Dir.
func reserve(dir, service string, ports []container.HostPort) error {
	fail := func(err error) error { return fmt.Errorf("reserve the ports of %s: %w", service, err) }
	d, err := os.Open(dir)
	if err != nil {
		return fail(err)
	}
	defer d.Close() // unlocks
	if err := flock.Lock(d); err != nil {
		return fail(err)
	}
	own := control.LockFile(dir, service)
	others, err := filepath.Glob(control.LockFile(dir, "*"))
	if err != nil {
		return fail(err)
	}
	for _, path := range others {
		if path == own {
			continue
		}
		taken, err := reserved(path)
		if err != nil {
			return fail(err)
		}
		for _, p := range ports {
			for _, q := range taken {
				if p.Port != 0 && p.Conflicts(q) {
					name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "."), ".lock")
					return fmt.Errorf("port %s is to be used by service %s, which is being installed at this moment", p, name)
				}
			}
		}
	}
	note, err := json.Marshal(ports)
	if err != nil {
		return fail(err)
	}
	if err := os.WriteFile(own, note, 0o600); err != nil {
		return fail(err)
	}
	return nil
}

// reserved returns the ports noted in a lock file; none where no call holds it.
func reserved(path string) ([]container.HostPort, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() // unlocks
	if locked, err := flock.Locked(f); !locked {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil || len(data) == 0 {
		return nil, err
	}
	var ports []container.HostPort
	if err := json.Unmarshal(data, &ports); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return ports, nil
}
