package module

import (
	"errors"
	"fmt"
	"io/fs"

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

// ReadPreparedHost is ReadHost for what cannot do without a host.json.
func ReadPreparedHost(path string) (Host, error) {
	h, err := ReadHost(path)
	if err == nil {
		err = h.Missing
	}
	return h, err
}

// Stores are those that h has settings for, its own first: one or more.
func (h Host) Stores() ([]string, error) {
	all := h.Config.Stores()
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: neither etcd.endpoints nor consul.address: there is no store", hostconfig.Path)
	}
	return all, nil
}

// Unit is the service of this name on h.
func (h Host) Unit(name string) Unit {
	return Unit{Folders: h.Folders, Name: name, Dir: h.Folders.Dir(name)}
}

func unprepared(err error) error {
	return fmt.Errorf("%w: the host is not prepared (playbooks/site.yml)", err)
}
