// Package collection makes the Ansible collection rundock.rundock of a checkout: one
// tarball with the modules for each architecture, their documentation and action
// plugins, the roles and the playbooks.
//
// The bytes of the tarball depend on the commit and on the modules in bin/ alone.
//
// Source of the format: "Developing collections" of Ansible's developer guide, and what
// ansible-core 2.14's ansible-galaxy installs.
package collection

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"rundock/internal/checkout"
)

// Name is the collection's namespace and name. A module is rundock.rundock.rundock_host.
const Name = "rundock.rundock"

// Source is what a collection is made of.
type Source struct {
	checkout.Checkout        // its modules are in bin/linux_<architecture>/
	Notices           []byte // licences of what modules are linked with
}

// File is one file of the collection.
type File struct {
	Path    string // in the collection, with slashes
	Program bool   // may be executed
	Data    []byte
}

// Build returns the tarball. A module that is missing in bin/ is an error.
func Build(s Source) ([]byte, error) {
	files, err := s.files()
	if err != nil {
		return nil, err
	}
	files, err = withManifest(files, s.Version)
	if err != nil {
		return nil, err
	}
	return tarball(files, s.Time)
}

// files returns the files of the collection without its manifest, sorted by path.
func (s Source) files() ([]File, error) {
	list := []File{{Path: "NOTICES.txt", Data: s.Notices}}
	for _, tracked := range s.Tracked {
		to, ok := place(tracked)
		if !ok {
			continue
		}
		data, err := os.ReadFile(filepath.Join(s.Root, filepath.FromSlash(tracked)))
		if err != nil {
			return nil, fmt.Errorf("read a file of the collection: %w", err)
		}
		list = append(list, File{Path: to, Data: adapt(to, data)})
		module, ok := strings.CutSuffix(strings.TrimPrefix(to, "plugins/modules/"), ".py")
		if !ok || path.Dir(to) != "plugins/modules" {
			continue
		}
		for _, arch := range checkout.Architectures {
			program := "bin/linux_" + arch + "/" + module
			data, err := os.ReadFile(filepath.Join(s.Root, filepath.FromSlash(program)))
			if err != nil {
				return nil, fmt.Errorf("read module %s for %s: %w: run make", module, arch, err)
			}
			list = append(list, File{Path: program, Program: true, Data: data})
		}
	}
	slices.SortFunc(list, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return list, nil
}
