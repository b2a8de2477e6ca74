package report

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rundock/internal/control"
	"rundock/internal/runit"
	"rundock/supervisor"
)

// Services finds the services of this host by what it has of them.
type Services struct {
	Folders runit.Folders // runit's
	Status  string        // where status files are; "" is control.Dir
}

func (s Services) status() string { return cmp.Or(s.Status, control.Dir) }

// Names lists the services: installed, or with a status. Folders that have the
// prefix and that rundock did not write are left out, and so are those of a
// folder that cannot be read.
func (s Services) Names() []string {
	var names []string
	installed, _ := os.ReadDir(s.Folders.SV)
	for _, e := range installed {
		if name, ok := strings.CutPrefix(e.Name(), supervisor.Prefix); ok && Ours(s.Folders.Dir(e.Name())) {
			names = append(names, name)
		}
	}
	status, _ := os.ReadDir(s.status())
	for _, e := range status {
		if s.hasStatus(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Known reports whether there is anything of a service of this name.
func (s Services) Known(name string) bool {
	_, err := os.Lstat(s.Folders.Dir(supervisor.Prefix + name))
	return err == nil || s.hasStatus(name)
}

func (s Services) hasStatus(name string) bool {
	return Exists(filepath.Join(s.status(), name, "runner.json")) || Exists(filepath.Join(s.status(), name, "announce.json"))
}

// Ours reports whether rundock wrote the service directory dir; one that may
// not be looked into counts as ours.
func Ours(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, ".rundock"))
	return err == nil || errors.Is(err, fs.ErrPermission)
}

// Resolve returns the names of services as rundock has them, once each; a name
// may be given as sv has it, docker-influxdb. Where one is not there, Resolve
// says so on stderr with those that are, and the code is ExitNone.
func (s Services) Resolve(command string, names []string) (found []string, code int) {
	for _, name := range names {
		short := strings.TrimPrefix(name, supervisor.Prefix)
		switch {
		case !supervisor.IsName(name):
			return nil, BadUsage(command, fmt.Sprintf("%q is not a service's name", name))
		case s.Known(name):
		case s.Known(short):
			name = short
		default:
			fmt.Fprintf(os.Stderr, "rundockd %s: no service %s on this host; %s\n", command, name, ThereAre(s.Names()))
			return nil, ExitNone
		}
		if !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	return found, 0
}

// ThereAre says which of a kind there are, for somebody who named another.
func ThereAre(names []string) string {
	if len(names) == 0 {
		return "there is none"
	}
	return "there are: " + strings.Join(names, ", ")
}

// Exists reports whether a file is there, or a link that leads to one.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
