package certificates

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"rundock/internal/fstree"
	"rundock/internal/pki"
)

// groupID is that of a group; root's for "".
func groupID(name string) (int, error) {
	if name == "" {
		return 0, nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, fmt.Errorf("group %s: there is no such group on the host", name)
	}
	return strconv.Atoi(g.Gid)
}

// keepKey makes the key where there is none, and has it be root's and of its
// group. A key that is there stays: it is never replaced.
func (h host) keepKey(s *step, check bool) (done fstree.Changes, err error) {
	name := filepath.Join(h.dir, s.Name+".key")
	mode := fs.FileMode(0o600)
	if s.group != 0 {
		mode = 0o640
	}
	done.Dir = h.dir
	change := fstree.Change{Path: s.Name + ".key", After: &fstree.File{Mode: mode, Secret: true}}
	if s.key != nil {
		info, err := os.Stat(name)
		if err != nil {
			return done, err
		}
		owner := info.Sys().(*syscall.Stat_t)
		if info.Mode().Perm() == mode && int(owner.Gid) == s.group && owner.Uid == 0 {
			return done, nil
		}
		change.Before = &fstree.File{Mode: info.Mode().Perm(), Secret: true}
	}
	want := fstree.Changes{Dir: h.dir, List: []fstree.Change{change}}
	if check {
		return want, nil
	}
	if s.key == nil {
		key, err := pki.NewKey()
		if err != nil {
			return done, err
		}
		if err := fstree.Create(name, 0o600, key); err != nil {
			return done, err
		}
		if s.key, err = pki.ParseKey(key); err != nil {
			return done, err
		}
	}
	if err := os.Chown(name, 0, s.group); err != nil {
		return done, err
	}
	return want, os.Chmod(name, mode)
}
