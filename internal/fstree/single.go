package fstree

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Put gives one file of a shared folder the content and mode of f, as Replace
// does, and reports what changed. Unlike Apply it keeps no manifest: the
// folder's format says whose the file is. With check set nothing is written.
func Put(dir string, f File, check bool) (Changes, error) {
	done := Changes{Dir: dir}
	if err := checkPaths([]File{f}); err != nil {
		return done, err
	}
	have, err := read(dir, f.Path)
	if err != nil {
		return done, err
	}
	if have != nil && have.Mode == f.Mode.Perm() && bytes.Equal(have.Data, f.Data) {
		return done, nil
	}
	want := Changes{Dir: dir, List: []Change{{Path: f.Path, Before: have, After: &f}}}
	if check {
		return want, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return done, err
	}
	// Staged as in update: Replace's os.CreateTemp would be 3 KB more in a module.
	name := filepath.Join(dir, filepath.FromSlash(f.Path))
	if err := write(temporary(name), f); err != nil {
		os.Remove(temporary(name))
		return done, named(name, err)
	}
	if err := os.Rename(temporary(name), name); err != nil {
		os.Remove(temporary(name))
		return done, err
	}
	return want, SyncDir(dir)
}

// Delete removes a file that Put wrote; a missing one is no change.
func Delete(dir, path string, check bool) (Changes, error) {
	done := Changes{Dir: dir}
	have, err := read(dir, path)
	if err != nil || have == nil {
		return done, err
	}
	want := Changes{Dir: dir, List: []Change{{Path: path, Before: have}}}
	if check {
		return want, nil
	}
	if err := os.Remove(filepath.Join(dir, filepath.FromSlash(path))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return done, err
	}
	return want, SyncDir(dir)
}
