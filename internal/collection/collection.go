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

// The releases 2.14 to 2.22 of ansible-core are those that the collection is tried
// with. ansible-test takes what is not to be looked at from a file for each: that modules
// name no licence of Ansible's, of which they are no part.
const (
	oldestCore = 14
	newestCore = 22
)

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
	var ignored []string
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
		ignored = append(ignored, to+" validate-modules:missing-gplv3-license\n")
		for _, arch := range checkout.Architectures {
			data, err := os.ReadFile(filepath.Join(s.Root, "bin", "linux_"+arch, module))
			if err != nil {
				return nil, fmt.Errorf("read module %s for %s: %w: run make", module, arch, err)
			}
			// Not in bin/, where ansible-test has every file be Python.
			list = append(list, File{Path: "programs/linux_" + arch + "/" + module, Program: true, Data: data})
		}
	}
	slices.Sort(ignored)
	for minor := oldestCore; minor <= newestCore; minor++ {
		list = append(list, File{Path: fmt.Sprintf("tests/sanity/ignore-2.%d.txt", minor), Data: []byte(strings.Join(ignored, ""))})
	}
	slices.SortFunc(list, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return list, nil
}
