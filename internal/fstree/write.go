package fstree

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"
)

// A writer writes the files of a new directory, and has them on the disk.
type writer interface {
	// write creates the file name; it is on the disk once sync has returned for
	// its folder.
	write(name string, f File) error
	// sync returns when folders, which have a file system in common, are on the
	// disk with all that was written into them.
	sync(folders ...string) error
}

// oneByOne is a writer that syncs each file and each folder.
type oneByOne struct{}

func (oneByOne) write(name string, f File) error { return write(name, f) }

func (oneByOne) sync(folders ...string) error {
	for _, f := range folders {
		if err := SyncDir(f); err != nil {
			return err
		}
	}
	return nil
}

// write creates the file name with f's content and mode, synced.
func write(name string, f File) error {
	return created(name, func(w *os.File) error { return errors.Join(fill(w, f.Mode, f.Data), w.Sync()) })
}

// created has fill write the file name, which it creates.
func created(name string, fill func(*os.File) error) error {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	w, err := os.OpenFile(name, flags, 0o600)
	if errors.Is(err, fs.ErrExist) { // of an Apply that was interrupted
		if err = os.Remove(name); err == nil {
			w, err = os.OpenFile(name, flags, 0o600)
		}
	}
	if err != nil {
		return err
	}
	return errors.Join(fill(w), w.Close())
}

// fill writes data to the new file w. The mode is set while it is still
// empty: a secret is never readable, even for a moment.
func fill(w *os.File, mode fs.FileMode, data []byte) error {
	if err := w.Chmod(mode.Perm()); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}

// named turns an error about a temporary name into one about name, which is
// what was to be written.
func named(name string, err error) error {
	if err == nil {
		return nil
	}
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		err = path.Err
	} else if link := (*os.LinkError)(nil); errors.As(err, &link) {
		err = link.Err
	}
	return &fs.PathError{Op: "write", Path: name, Err: err}
}

// remove deletes the file p of dir, and the folders it leaves empty.
func remove(dir, p string) error {
	if err := os.Remove(filepath.Join(dir, filepath.FromSlash(p))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for p = path.Dir(p); p != "."; p = path.Dir(p) {
		if os.Remove(filepath.Join(dir, filepath.FromSlash(p))) != nil {
			break // others keep something in it
		}
	}
	return nil
}

// SyncDir makes what was renamed, linked or removed in dir survive a power loss.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) { // the file system cannot sync a folder
		err = nil
	}
	return errors.Join(err, d.Close())
}

// temporary names begin with a dot: runsvdir and chpst -e skip them.
func temporary(name string) string {
	return hidden(name, ".tmp")
}

func hidden(name, suffix string) string {
	return filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+suffix)
}
