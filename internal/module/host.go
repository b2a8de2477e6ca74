package module

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"rundock/internal/hostconfig"
	"rundock/internal/runit"
)

// Host is how the host that the module runs on is set up.
type Host struct {
	Config  hostconfig.Config // zero where there is no host.json
	Missing error             // why there is none; what only takes a service away does without
	Folders runit.Folders
}

// ReadHost reads host.json, from path, and finds runit's folders.
func ReadHost(path string) (h Host, err error) {
	h.Config, err = hostconfig.Load(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		h.Missing = unprepared(err)
	case err != nil:
		return h, err
	}
	h.Folders, err = runit.Detect(h.Config.Runit.SV, h.Config.Runit.Service)
	return h, err
}

// Unit is the service of this name on h.
func (h Host) Unit(name string) Unit {
	return Unit{Folders: h.Folders, Name: name, Dir: h.Folders.Dir(name)}
}

// CheckProgram returns an error if rundockd, which is at path, cannot be
// executed: scripts of services would have nothing to run.
func CheckProgram(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("rundockd is not installed: %w", unprepared(err))
	}
	if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return fmt.Errorf("rundockd is not installed: %s is no executable file", path)
	}
	return nil
}

func unprepared(err error) error {
	return fmt.Errorf("%w: the host is not prepared (playbooks/site.yml)", err)
}
