package params

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"rundock/internal/spec"
	"rundock/supervisor"
)

// check refuses values that no host can make anything of.
func (p Params) check() error {
	if err := checkName(p.Name); err != nil {
		return err
	}
	if !p.Installs() {
		p.Aliases = nil
		return p.checkSlot()
	}
	if err := supervisor.CheckName(p.Name); err != nil {
		return fmt.Errorf("value of name %w, got: %q", err, p.Name)
	}
	if err := p.checkSlot(); err != nil {
		return err
	}
	if p.Image == nil && !p.announced() {
		return fmt.Errorf("state is %s but any of the following are missing: %s", p.State, strings.Join(content, ", "))
	}
	for _, n := range []limits{
		{"announce", p.Announce, 1, 65535},
		{"port", p.Port, 1, 65535},
		{"wait_timeout", &p.WaitTimeout, 1, day},
		{"stop_timeout", &p.StopTimeout, 1, day},
		{"drain", &p.Drain, 0, day},
		{"attempts", &p.Attempts, 0, 1000},
		{"log.keep", p.Log.Keep, 1, 1000},
	} {
		if err := n.check(""); err != nil {
			return err
		}
	}
	if p.Rollback && p.Wait == "none" {
		return errors.New("value of wait must be one of: running, healthy, announced where rollback is true, got: none")
	}
	if p.Job && p.announced() {
		return errors.New("parameters are mutually exclusive: job|announce, job|announces")
	}
	if err := p.checkAnnounces(); err != nil {
		return err
	}
	if p.Image != nil {
		if err := checkImage(*p.Image); err != nil {
			return err
		}
	}
	if err := p.checkHost(); err != nil {
		return err
	}
	for _, r := range []struct {
		given    bool
		name     string
		needs    bool
		required string
	}{
		{p.Args != nil, "args", p.Image != nil, "image"},
		{p.EnvSecret != nil, "env_secret", p.Image != nil, "image"},
		{p.Mounts != nil, "requires_mounts", p.Image != nil, "image"},
		{p.Job, "job", p.Image != nil, "image"},
		{p.Attempts != 0, "attempts", p.Job, "job"},
		{p.given() != "", p.given(), p.Image != nil, "image"},
		{p.Port != nil, "port", p.Announce != nil, "announce"},
		{p.Wait == "announced", "wait=announced", p.announced(), "announce, announces"},
		{p.AnnounceAs == "container", "announce_as=container", p.Image != nil, "image"},
	} {
		if r.given && !r.needs {
			return fmt.Errorf("missing parameter(s) required by '%s': %s", r.name, r.required)
		}
	}
	return nil
}

// Limits of log.size. svlogd wants a file to hold two of its longest lines.
const (
	smallestLog = 4096
	largestLog  = 1 << 30
)

// checkHost refuses what a host can make nothing of besides the container.
func (p Params) checkHost() error {
	if n := p.Log.Size; n != nil && (*n < smallestLog || *n > largestLog) {
		return fmt.Errorf("value of log.size must be between %d and %d bytes, got: %d", smallestLog, largestLog, *n)
	}
	for _, path := range p.Mounts {
		if !strings.HasPrefix(path, "/") || path != filepath.Clean(path) || strings.ContainsRune(path, 0) {
			return fmt.Errorf("value of requires_mounts must be absolute paths without . and .., got: %q", path)
		}
	}
	for name, v := range p.EnvSecret {
		if err := spec.CheckSecretName(name); err != nil {
			return fmt.Errorf("value of env_secret must have names of environment variables: letters, digits, _ . : and -, the first a letter or _, got: %q", name)
		}
		if err := spec.CheckEnvSize(name, v); err != nil {
			return fmt.Errorf("value of env_secret: %s: %w", name, err)
		}
		if strings.ContainsRune(v, 0) {
			return fmt.Errorf("value of env_secret must not hold a NUL character, that of %s does", name)
		}
	}
	return nil
}
