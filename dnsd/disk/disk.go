// Package disk replaces files so that a crash leaves the old or the new one.
package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace makes path what write writes, mode 0600, and returns its size in
// bytes: by a temporary file beside it, .<name>-*, synced and renamed. What a
// crash left of another one is removed, so one process at a time may write.
// After an error the old file is there, or the new one, which a power loss may
// undo. Errors do not name the temporary file, so that the same is said each time.
func Replace(path string, write func(io.Writer) error) (size int64, err error) {
	size, err = replace(path, write)
	if named := (*fs.PathError)(nil); errors.As(err, &named) {
		err = fmt.Errorf("%s: %w", named.Op, named.Err)
	} else if named := (*os.LinkError)(nil); errors.As(err, &named) {
		err = fmt.Errorf("%s: %w", named.Op, named.Err)
	}
	return size, err
}

func replace(path string, write func(io.Writer) error) (size int64, err error) {
	dir, temporary := filepath.Dir(path), "."+filepath.Base(path)+"-"
	left, _ := filepath.Glob(filepath.Join(dir, temporary+"*"))
	for _, file := range left {
		os.Remove(file)
	}
	f, err := os.CreateTemp(dir, temporary)
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if info, e := f.Stat(); err == nil && e == nil {
		size = info.Size()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		err = Sync(dir)
	}
	if err != nil {
		return 0, err
	}
	return size, nil
}

// Sync makes the renames in dir outlive a power loss.
func Sync(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
