package fstree

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace makes the file name hold data, and makes its folder if there is none.
// Readers, and whoever looks after a crash, see the old file or the new one
// whole. Several may replace a file at once: the last one stays.
//
// A kill can leave .<name>.tmp and some digits beside it. Errors are
// *fs.PathError with name, never with the temporary one, so that the same
// failure always reads the same.
func Replace(name string, mode fs.FileMode, data []byte) error {
	return put(name, holding(mode, data), os.Rename, durable)
}

// Publish is Replace in a folder that does not outlive a boot, such as /run:
// it syncs nothing.
func Publish(name string, mode fs.FileMode, data []byte) error {
	return put(name, holding(mode, data), os.Rename, volatile)
}

// Create is Replace for a file that is not there yet: one that is stays as it
// is, and the error wraps fs.ErrExist. Of several that create a file at once
// one succeeds.
func Create(name string, mode fs.FileMode, data []byte) error {
	return put(name, holding(mode, data), os.Link, durable)
}

// Stream is Replace by what write writes, with mode 0600, and returns the size
// in bytes. It removes what killed calls left, so one process at a time may
// stream to a file.
func Stream(name string, write func(io.Writer) error) (size int64, err error) {
	removeLeft(name)
	err = put(name, func(w *os.File) error {
		if err := write(w); err != nil {
			return err
		}
		info, err := w.Stat()
		if err == nil {
			size = info.Size()
		}
		return err
	}, os.Rename, durable)
	if err != nil {
		return 0, err
	}
	return size, nil
}

// Judged is Replace by what write writes, unless judge refuses the temporary
// file, which is complete and synced: then all stays as it is. It removes what
// killed calls left, so one process at a time may do this to a file.
func Judged(name string, write func(*os.File) error, judge func(temporary string) error) error {
	removeLeft(name)
	return put(name, write, func(temporary, name string) error {
		if err := judge(temporary); err != nil {
			return err
		}
		return os.Rename(temporary, name)
	}, durable)
}

// removeLeft removes the temporary files of killed calls.
func removeLeft(name string) {
	// Releases up to this one's predecessor ended the temporary name in a hyphen and digits.
	for _, pattern := range []string{temporary(name) + "*", hidden(name, "-*")} {
		left, _ := filepath.Glob(pattern)
		for _, file := range left {
			os.Remove(file)
		}
	}
}

// holding writes data to a new file.
func holding(mode fs.FileMode, data []byte) func(*os.File) error {
	return func(w *os.File) error { return fill(w, mode, data) }
}

const (
	volatile = false
	durable  = true // file and folder are synced
)

func put(name string, write func(*os.File) error, publish func(temporary, name string) error, durable bool) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return named(name, err)
	}
	w, err := os.CreateTemp(dir, filepath.Base(temporary(name)))
	if err != nil {
		return named(name, err)
	}
	defer os.Remove(w.Name())
	err = write(w)
	if err == nil && durable {
		err = w.Sync()
	}
	if err = errors.Join(err, w.Close()); err == nil {
		err = publish(w.Name(), name)
	}
	if err != nil || !durable {
		return named(name, err)
	}
	return SyncDir(dir)
}
