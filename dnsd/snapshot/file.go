package snapshot

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

const fileName = "records.snapshot"

// Path is the file in a folder.
func Path(dir string) string { return filepath.Join(dir, fileName) }

// Write replaces the snapshot in dir, which is made if it is not there: by a
// temporary file, synced and renamed, so that a crash leaves the old or the
// new one. It returns the new file's size in bytes. Errors name the file.
func Write(dir string, h Header, records iter.Seq2[string, []byte]) (size int64, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, fmt.Errorf("write snapshot: %w", err)
	}
	sweep(dir)
	f, err := os.CreateTemp(dir, "."+fileName+"-")
	if err != nil {
		return 0, fmt.Errorf("write snapshot: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = Encode(f, h, records)
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
		err = os.Rename(f.Name(), Path(dir))
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return 0, fmt.Errorf("write snapshot %s: %w", Path(dir), err)
	}
	return size, nil
}

// sweep removes what a crash left behind.
func sweep(dir string) {
	left, _ := filepath.Glob(filepath.Join(dir, "."+fileName+"-*"))
	for _, file := range left {
		os.Remove(file)
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Read gives the snapshot in dir to use, if there is one. An error names the
// file; use was not called then.
func Read(dir, prefix string, use func(Header, iter.Seq2[string, []byte])) (found bool, err error) {
	f, err := os.Open(Path(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read snapshot: %w", err)
	}
	defer f.Close()
	h, records, err := Decode(f, prefix)
	if err != nil {
		return false, fmt.Errorf("read snapshot %s: %w", Path(dir), err)
	}
	use(h, records)
	return true, nil
}
