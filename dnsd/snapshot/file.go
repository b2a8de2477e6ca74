package snapshot

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"rundock/internal/fstree"
)

const fileName = "records.snapshot"

// Path is the file in a folder.
func Path(dir string) string { return filepath.Join(dir, fileName) }

// Write replaces the snapshot in dir, which is made if it is not there. A
// crash leaves the old or the new one. It returns the new file's size in
// bytes. Errors name the file.
func Write(dir string, h Header, records iter.Seq2[string, []byte]) (size int64, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, fmt.Errorf("write snapshot: %w", err)
	}
	size, err = fstree.Stream(Path(dir), func(w io.Writer) error {
		_, err := Encode(w, h, records)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("write snapshot: %w", err)
	}
	return size, nil
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
