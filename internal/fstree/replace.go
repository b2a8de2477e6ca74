package fstree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace makes the file name hold data, and its folder if there is none.
// Readers, and whoever looks after a crash, see the old file or the new one
// whole. Several may replace a file at once: the last one stays.
//
// A kill can leave .<name>.tmp and some digits beside it. Errors name the file.
func Replace(name string, mode fs.FileMode, data []byte) error {
	return put(name, mode, data, os.Rename)
}

// Create is Replace for a file that is not there yet: one that is stays as it
// is, and the error wraps fs.ErrExist. Of several that create a file at once
// one succeeds.
func Create(name string, mode fs.FileMode, data []byte) error {
	return put(name, mode, data, os.Link)
}

func put(name string, mode fs.FileMode, data []byte, publish func(temporary, name string) error) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	w, err := os.CreateTemp(dir, filepath.Base(temporary(name)))
	if err != nil {
		return named(name, err)
	}
	defer os.Remove(w.Name())
	if err := errors.Join(fill(w, mode, data), w.Sync(), w.Close()); err != nil {
		return named(name, err)
	}
	if err := publish(w.Name(), name); err != nil {
		return err
	}
	return syncDir(dir)
}
